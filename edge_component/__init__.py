"""The component on the Pi: pictures of wafers in, predictions out over MQTT."""
