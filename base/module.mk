$(eval $(call library,base,base))
