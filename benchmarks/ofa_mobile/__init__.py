"""The mobile spaces of Once-for-All: subnetworks of its MobileNetV3 and of its ProxylessNAS supernet."""
