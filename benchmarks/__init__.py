"""Search spaces and their ground truths: a folder for each family, which imports none of another.

What families share is in folders without a space: `cell_networks`, `four_node_cells` and `nds_records`.
"""

BUILTIN = {
    "hiaml": ".gennape_families.hiaml_space:HiAmlSpace",
    "inception": ".gennape_families.inception_space:InceptionSpace",
    "mnasnet": ".mnasnet.space:MnasNet",
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
    "ofa-mbv3": ".ofa_mobile.space:OfaMobileNetV3",
    "ofa-resnet50": ".ofa_resnet.space:OfaResNet50",
    "proxylessnas": ".ofa_mobile.space:ProxylessNas",
    "transnas-macro": ".transnas.macro:TransNasMacro",
    "transnas-micro": ".transnas.micro:TransNasMicro",
    "two-path": ".gennape_families.two_path_space:TwoPathSpace",
}
