"""Estimators, one file each. They import only the public names of the core."""

BUILTIN = {
    "constant": ".baselines:Constant",
    "cost-scores": ".given:CostScores",
    "fisher": ".fisher:Fisher",
    "flops": ".complexity:Flops",
    "grad_norm": ".grad_norm:GradNorm",
    "grasp": ".grasp:Grasp",
    "jacov": ".jacov:Jacov",
    "l2_norm": ".l2_norm:L2Norm",
    "one-shot": ".one_shot:OneShot",
    "params": ".complexity:Parameters",
    "plain": ".plain:Plain",
    "predictions": ".given:Predictions",
    "random": ".baselines:Random",
    "rank-average": ".rank_average:RankAverage",
    "relu_logdet": ".relu_logdet:ReluLogdet",
    "ridge": ".ridge:RidgeRegression",
    "scores": ".given:Scores",
    "snip": ".snip:Snip",
    "synflow": ".synflow:Synflow",
}
