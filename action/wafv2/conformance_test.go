package wafv2_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"riposte.dev/action/actiontest"
	"riposte.dev/action/wafv2"
)

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name      string
		scope     types.Scope
		version   types.IPAddressVersion
		addresses []string
		address   string
		newAction actiontest.NewAction
	}{
		{"block IPv4", types.ScopeRegional, types.IPAddressVersionIpv4, []string{"198.51.100.0/24"}, "203.0.113.7", wafv2.NewBlockAddress},
		{"block IPv6 at CloudFront", types.ScopeCloudfront, types.IPAddressVersionIpv6, nil, "2001:db8::7", wafv2.NewBlockAddress},
		{"unblock IPv4", types.ScopeRegional, types.IPAddressVersionIpv4, []string{"198.51.100.0/24", "203.0.113.7/32"}, "203.0.113.7/32", wafv2.NewUnblockAddress},
		{"unblock IPv6 at CloudFront", types.ScopeCloudfront, types.IPAddressVersionIpv6, []string{"2001:db8:1::/48"}, "2001:db8:1::/48", wafv2.NewUnblockAddress},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t, tt.scope, tt.version, tt.addresses...)
				w := c.World(tt.newAction, c.named("attackers", tt.address), c.named("nobody-made-it", tt.address), c.text)
				w.Interfere = c.deleteSet
				return w
			})
		})
	}
}
