package wafv2_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/wafv2"
	"riposte.dev/sandbox"
)

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name      string
		scope     types.Scope
		version   types.IPAddressVersion
		addresses []string
		address   string
		newAction func(c cloud, permissions []string) action.Action
	}{
		{"block IPv4", types.ScopeRegional, types.IPAddressVersionIpv4, []string{"198.51.100.0/24"}, "203.0.113.7", blocking},
		{"block IPv6 at CloudFront", types.ScopeCloudfront, types.IPAddressVersionIpv6, nil, "2001:db8::7", blocking},
		{"unblock IPv4", types.ScopeRegional, types.IPAddressVersionIpv4, []string{"198.51.100.0/24", "203.0.113.7/32"}, "203.0.113.7/32", unblocking},
		{"unblock IPv6 at CloudFront", types.ScopeCloudfront, types.IPAddressVersionIpv6, []string{"2001:db8:1::/48"}, "2001:db8:1::/48", unblocking},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t, tt.scope, tt.version, tt.addresses...)
				return actiontest.World{
					Action:    func(permissions []string) action.Action { return tt.newAction(c, permissions) },
					Request:   c.named("attackers", tt.address),
					Missing:   c.named("nobody-made-it", tt.address).Params,
					State:     c.text,
					Writes:    c.Writes,
					Interfere: c.deleteSet,
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "wafv2", Operation: "UpdateIPSet", Reads: reads})
					},
				}
			})
		})
	}
}

func blocking(c cloud, permissions []string) action.Action {
	return wafv2.NewBlockAddress(c.Caller(permissions))
}

func unblocking(c cloud, permissions []string) action.Action {
	return wafv2.NewUnblockAddress(c.Caller(permissions))
}
