package wafv2_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/wafv2"
	"riposte.dev/fault"
)

const someID = "01234567-89ab-cdef-0123-456789abcdef"

func TestWrongParameters(t *testing.T) {
	block, unblock := wafv2.NewBlockAddress(awscall.New(nil, time.Now)), wafv2.NewUnblockAddress(awscall.New(nil, time.Now))
	tests := []struct {
		name, id, set, scope, address, region string
		a                                     action.Action
		says                                  []string
	}{
		{"all at once", "x", "a b", "GLOBAL", "nobody", "eu-west-1", block, []string{"ip_set_id", "ip_set_name", "scope", "address"}},
		{"CloudFront in China", someID, "a", "CLOUDFRONT", "203.0.113.7", "cn-north-1", block, []string{"aws-cn"}},
		{"a service's name", someID, "a", "REGIONAL", "cloudformation.amazonaws.com", "eu-west-1", block, []string{"neither"}},
		{"a private address", someID, "a", "REGIONAL", "10.1.2.3", "eu-west-1", block, []string{"10.0.0.0/8"}},
		{"loopback", someID, "a", "REGIONAL", "::1", "eu-west-1", block, []string{"::/8"}},
		{"link-local", someID, "a", "REGIONAL", "fe80::1", "eu-west-1", block, []string{"fe80::/10"}},
		{"with a zone", someID, "a", "REGIONAL", "fe80::1%eth0", "eu-west-1", block, []string{"neither"}},
		{"half a country", someID, "a", "REGIONAL", "8.0.0.0/15", "eu-west-1", block, []string{"wider than /16"}},
		{"half a continent", someID, "a", "REGIONAL", "2001::/31", "eu-west-1", block, []string{"wider than /32"}},
		{"host bits", someID, "a", "REGIONAL", "203.0.113.7/24", "eu-west-1", block, []string{"203.0.113.0/24"}},
		{"mapped network", someID, "a", "REGIONAL", "::ffff:203.0.113.0/120", "eu-west-1", block, []string{"neither"}},
		{"everything", someID, "a", "REGIONAL", "0.0.0.0/0", "eu-west-1", unblock, []string{"everything"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			params := fmt.Appendf(nil, `{"ip_set_id":%q,"ip_set_name":%q,"scope":%q,"address":%q}`, tt.id, tt.set, tt.scope, tt.address)
			_, err := tt.a.Plan(t.Context(), action.Request{Account: account, Region: tt.region, Params: params})
			if fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
				t.Fatalf("%v, want invalid and a next step", err)
			}
			for _, says := range tt.says {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("%v doesn't say %q", err, says)
				}
			}
		})
	}
}

// FuzzAddress: no address that is refused reaches AWS, and none that is taken is private, or wider than the bounds.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"203.0.113.7", "203.0.113.0/24", "2001:db8::/32", "::ffff:10.0.0.1", "fe80::1%a", "0.0.0.0/0", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		params, err := json.Marshal(map[string]string{"ip_set_id": someID, "ip_set_name": "a", "scope": "REGIONAL", "address": address})
		if err != nil {
			return // not text
		}
		reached := &unreachable{}
		_, err = wafv2.NewBlockAddress(awscall.New(reached, time.Now)).Plan(t.Context(), action.Request{Account: account, Region: "eu-west-1", Params: params})
		if reached.asked == (fault.CodeOf(err) == fault.Invalid) {
			t.Fatalf("%q: %v, and AWS was reached: %v", address, err, reached.asked)
		}
		if !reached.asked {
			return
		}
		text := address
		if !strings.Contains(text, "/") {
			addr := netip.MustParseAddr(text).Unmap()
			text = netip.PrefixFrom(addr, addr.BitLen()).String()
		}
		p := netip.MustParsePrefix(text)
		if p.Addr().IsPrivate() || p.Addr().IsLoopback() || p.Addr().IsLinkLocalUnicast() || p.Addr().IsMulticast() || p.Addr().IsUnspecified() ||
			p.Addr().Is4() && p.Bits() < 16 || p.Bits() < 16 {
			t.Errorf("%q was taken", address)
		}
	})
}
