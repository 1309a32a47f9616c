"""What ``test_recorded_views`` draws."""
