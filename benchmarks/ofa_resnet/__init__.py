"""The ResNet50 design space of Once-for-All: depths, widths and bottleneck sizes of a ResNet-D."""
