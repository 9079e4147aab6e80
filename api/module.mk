$(eval $(call library,api,api))
