package ec2_test

import (
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
