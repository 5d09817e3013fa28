"""Search spaces and their ground truths, one folder each."""

BUILTIN = {
    "nb101": ".nb101.space:NasBench101",
    "nb1shot1-1": ".nb101.nb1shot1_space:OneShot1Sub1",
    "nb1shot1-2": ".nb101.nb1shot1_space:OneShot1Sub2",
    "nb1shot1-3": ".nb101.nb1shot1_space:OneShot1Sub3",
    "nb201": ".nb201.space:NasBench201",
    "nb301": ".nb301.space:NasBench301",
    "nb-macro": ".nb_macro.space:NasBenchMacro",
    "nds-amoeba": ".nds_cells.space:NdsAmoeba",
    "nds-darts": ".nds_cells.space:NdsDarts",
    "nds-enas": ".nds_cells.space:NdsEnas",
    "nds-nasnet": ".nds_cells.space:NdsNasNet",
    "nds-pnas": ".nds_cells.space:NdsPnas",
    "nds-resnet": ".nds.space:NdsResNet",
    "nds-resnet-in": ".nds.space:NdsResNetImageNet",
    "nds-resnext-a": ".nds.space:NdsResNextA",
    "nds-resnext-b": ".nds.space:NdsResNextB",
    "nds-vanilla": ".nds.space:NdsVanilla",
    "transnas-macro": ".transnas.macro:TransNasMacro",
    "transnas-micro": ".transnas.micro:TransNasMicro",
}
