load ../helpers
