package ec2_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/ec2"
	"riposte.dev/sandbox"
)

func TestConformance(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		c := newCloud(t)
		c.allow(tcp(22, 22, "0.0.0.0/0", "ssh"), "team", "web", "env", "test")
		c.allow(tcp(3389, 3389, "::/0", ""))
		c.allow(tcp(443, 443, "0.0.0.0/0", "https"))
		c.allow(tcp(22, 22, "203.0.113.0/24", "office"))
		c.allow(types.IpPermission{
			IpProtocol: aws.String("-1"), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: aws.String(c.group)}},
		})
		return actiontest.World{
			// Nobody owns anything here, so that the search for an owner goes all the way.
			Action: func(permissions []string) action.Action {
				return ec2.NewRevokeIngress(c.Caller(permissions), ec2.Options{Organization: actiontest.Management})
			},
			Request:   c.request(),
			Missing:   params("sg-0123456789abcdef0"),
			State:     c.rules,
			Writes:    c.Writes,
			Interfere: func() { c.allow(tcp(22, 22, "0.0.0.0/0", "another team")) },
			Stale: func(reads int) {
				c.AddStaleness(sandbox.Staleness{Service: "ec2", Operation: "RevokeSecurityGroupIngress", Reads: reads})
			},
		}
	})
}

func TestConformanceOfEgress(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		c := newCloud(t)
		c.letOut(tcp(25, 25, "0.0.0.0/0", "mail"), "team", "web")
		c.letOut(tcp(25, 25, "10.0.0.0/8", "own mail server"))
		return actiontest.World{
			Action: func(permissions []string) action.Action {
				return ec2.NewRevokeEgress(c.Caller(permissions), ec2.Options{Organization: actiontest.Management})
			},
			Request:   action.Request{Account: account, Region: region, Params: fmt.Appendf(nil, `{"group":%q,"ports":[25],"even_everything":true}`, c.group)},
			Missing:   []byte(`{"group":"sg-0123456789abcdef0","ports":[25]}`),
			State:     func() string { return c.rulesOf(true) },
			Writes:    c.Writes,
			Interfere: func() { c.letOut(tcp(25, 25, "0.0.0.0/0", "another team")) },
			Stale: func(reads int) {
				c.AddStaleness(sandbox.Staleness{Service: "ec2", Operation: "RevokeSecurityGroupEgress", Reads: reads})
			},
		}
	})
}
