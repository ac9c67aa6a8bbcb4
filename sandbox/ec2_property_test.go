package sandbox

import (
	"context"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"riposte.dev/sandbox/wire"
)

// TestGroupNeverHasARuleTwice authorizes and revokes as it comes: a call that
// fails changes nothing, one that succeeds all that it names.
func TestGroupNeverHasARuleTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sb, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := sb.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
		}()
		n := &network{}
		g := n.addGroup(sb, n.addVPC(sb, "111122223333", "10.0.0.0/16").id, "web", "x")
		sb.state[stateKey{"ec2", "111122223333", "us-east-1"}] = n
		c := &call{sb: sb, svc: &service{name: "ec2"}, account: &account{id: "111122223333"}, region: "us-east-1"}
		c.target = &wire.Target{Model: sb.catalog.Model("ec2"), Protocol: wire.EC2}
		var model []int // ports that are open
		ports := func(label string) []int {
			return rapid.SliceOfNDistinct(rapid.IntRange(1, 8), 1, 4, rapid.ID).Draw(t, label)
		}
		do := func(ports []int, handle func(*call) (wire.Object, error)) error {
			permissions := wire.List{}
			for _, p := range ports {
				permissions = append(permissions, wire.Object{
					"IpProtocol": "tcp", "FromPort": int64(p), "ToPort": int64(p), "IpRanges": wire.List{wire.Object{"CidrIp": "0.0.0.0/0"}},
				})
			}
			c.in = input{"GroupId": g.id, "IpPermissions": permissions}
			_, err := handle(c)
			return err
		}
		t.Repeat(map[string]func(*rapid.T){
			"authorize": func(*rapid.T) {
				add := ports("add")
				known := slices.ContainsFunc(add, func(p int) bool { return slices.Contains(model, p) })
				if err := do(add, authorizeIngress); (err != nil) != known {
					t.Fatalf("authorize %v over %v: %v", add, model, err)
				}
				if !known {
					model = append(model, add...)
				}
			},
			"revoke": func(*rapid.T) {
				gone := ports("gone")
				unknown := slices.ContainsFunc(gone, func(p int) bool { return !slices.Contains(model, p) })
				if err := do(gone, revokeIngress); (err != nil) != unknown {
					t.Fatalf("revoke %v of %v: %v", gone, model, err)
				}
				if !unknown {
					model = slices.DeleteFunc(model, func(p int) bool { return slices.Contains(gone, p) })
				}
			},
			"": func(*rapid.T) {
				var have []int
				for _, r := range g.rules {
					if !r.egress {
						have = append(have, r.from)
					}
				}
				if !slices.Equal(have, model) {
					t.Fatalf("ports %v are open, want %v", have, model)
				}
			},
		})
	})
}

// FuzzCIDR wants networks in the form that EC2 shows, which reads back as itself.
func FuzzCIDR(f *testing.F) {
	for _, s := range []string{"0.0.0.0/0", "203.0.113.7/24", "::/0", "2001:db8::1/64", "::ffff:10.0.0.0/104", "10.0.0.0/33", "x"} {
		f.Add(s)
	}
	sb, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := sb.Close(context.Background()); err != nil {
			f.Error(err)
		}
	})
	c := &call{sb: sb, target: &wire.Target{Model: sb.catalog.Model("ec2"), Protocol: wire.EC2}}
	f.Fuzz(func(t *testing.T, text string) {
		for _, v4 := range []bool{true, false} {
			var once, twice groupRule
			if c.setCIDR(&once, text, v4) != nil {
				continue
			}
			shown := once.cidr4 + once.cidr6
			if err := c.setCIDR(&twice, shown, v4); err != nil || !twice.same(&once) {
				t.Errorf("%s is shown as %s, which reads as %s%s: %v", strconv.Quote(text), shown, twice.cidr4, twice.cidr6, err)
			}
		}
	})
}
