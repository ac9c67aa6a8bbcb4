package ec2_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/action/ec2"
)

// organization has nobody who owns anything, so that the search for an owner goes all the way.
var organization = ec2.Options{Organization: actiontest.Management}

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
		w := c.World(func(caller *awscall.Caller) action.Action { return ec2.NewRevokeIngress(caller, organization) },
			params(c.group), params("sg-0123456789abcdef0"), c.rules)
		w.Interfere = func() { c.allow(tcp(22, 22, "0.0.0.0/0", "another team")) }
		return w
	})
}

func TestConformanceOfEgress(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		c := newCloud(t)
		c.letOut(tcp(25, 25, "0.0.0.0/0", "mail"), "team", "web")
		c.letOut(tcp(25, 25, "10.0.0.0/8", "own mail server"))
		w := c.World(func(caller *awscall.Caller) action.Action { return ec2.NewRevokeEgress(caller, organization) },
			`{"group":"`+c.group+`","ports":[25],"even_everything":true}`, `{"group":"sg-0123456789abcdef0","ports":[25]}`, func() string { return c.rulesOf(true) })
		w.Interfere = func() { c.letOut(tcp(25, 25, "0.0.0.0/0", "another team")) }
		return w
	})
}
