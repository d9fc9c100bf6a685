"""The API for agent desktops, supervisors and the bank's app. Empty until the CTI issue builds it."""
