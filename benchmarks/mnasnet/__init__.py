"""The MnasNet space of Accel-NASBench: seven stages of mobile blocks, measured on ImageNet and six devices."""
