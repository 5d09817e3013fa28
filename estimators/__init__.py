"""Estimators, one file each. They import only the public names of the core."""

BUILTIN = {
    "constant": ".baselines:Constant",
    "flops": ".complexity:Flops",
    "jacov": ".jacov:Jacov",
    "one-shot": ".one_shot:OneShot",
    "params": ".complexity:Parameters",
    "random": ".baselines:Random",
    "rank-average": ".rank_average:RankAverage",
    "ridge": ".ridge:RidgeRegression",
    "synflow": ".synflow:Synflow",
}
