package sandbox

import (
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

// network is the EC2 state of an account in a region.
type network struct {
	vpcs      []*vpc
	groups    []*securityGroup
	instances []*instance
	volumes   []*volume
	snapshots []*snapshot
	images    []*image
	subnets   []*subnet
	acls      []*networkACL
	flowLogs  []*flowLog            // replaced, never changed
	profiles  []*profileAssociation // replaced, never changed
	routes    []*routeTable         // replaced, never changed
	gateways  []*internetGateway    // replaced, never changed
	encrypts  bool                  // new volumes, by default

	blockSnapshots, blockImages string // from the public; "" for unblocked
}

type vpc struct {
	id, cidr, tenancy  string
	dhcp, associations string // ids that belong to it
	isDefault          bool
	tags               map[string]string
}

type securityGroup struct {
	id, name, description, vpc string
	rules                      []*groupRule
	tags                       map[string]string
}

// groupRule is a rule of a security group. One of cidr4, cidr6, prefixList and
// group says from or to where.
type groupRule struct {
	id       string
	egress   bool
	protocol string // tcp, udp, icmp, icmpv6, a number, or -1 for all
	from, to int    // ports, or ICMP type and code; -1 for all
	cidr4    string
	cidr6    string

	prefixList  string
	group       groupReference
	description string
	tags        map[string]string
}

// groupReference names another security group, perhaps of another account.
type groupReference struct{ id, account, vpc, peering string }

func (n *network) clone() stater {
	out := &network{}
	for _, v := range n.vpcs {
		c := *v
		c.tags = maps.Clone(v.tags)
		out.vpcs = append(out.vpcs, &c)
	}
	for _, g := range n.groups {
		c := *g
		c.tags, c.rules = maps.Clone(g.tags), nil
		for _, r := range g.rules {
			rc := *r
			rc.tags = maps.Clone(r.tags)
			c.rules = append(c.rules, &rc)
		}
		out.groups = append(out.groups, &c)
	}
	out.flowLogs, out.profiles = slices.Clone(n.flowLogs), slices.Clone(n.profiles)
	out.routes, out.gateways = slices.Clone(n.routes), slices.Clone(n.gateways)
	out.blockSnapshots, out.blockImages = n.blockSnapshots, n.blockImages
	n.cloneInstances(out)
	n.cloneShares(out)
	n.cloneSubnets(out)
	return out
}

// ec2 is the state of the call's account and region. It begins with a default
// VPC, as every account's does.
func (c *call) ec2() *network {
	return stateOf(c, stateKey{"ec2", c.account.id, c.region}, func() *network {
		n := &network{}
		v := n.addVPC(c.sb, c.account.id, "172.31.0.0/16")
		v.isDefault = true
		return n
	})
}

// addVPC makes a VPC with its default security group.
func (n *network) addVPC(s *Sandbox, account, cidr string) *vpc {
	v := &vpc{
		id: s.ec2ID("vpc-"), cidr: cidr, tenancy: "default", dhcp: s.ec2ID("dopt-"),
		associations: s.ec2ID("vpc-cidr-assoc-"), tags: map[string]string{},
	}
	n.vpcs = append(n.vpcs, v)
	g := n.addGroup(s, v.id, "default", "default VPC security group")
	g.rules = append(g.rules, &groupRule{
		id: s.ec2ID("sgr-"), protocol: "-1", from: -1, to: -1, tags: map[string]string{},
		group: groupReference{id: g.id, account: account},
	})
	return v
}

// addGroup makes a security group with the rule that lets everything out.
func (n *network) addGroup(s *Sandbox, vpc, name, description string) *securityGroup {
	g := &securityGroup{id: s.ec2ID("sg-"), name: name, description: description, vpc: vpc, tags: map[string]string{}}
	g.rules = []*groupRule{{
		id: s.ec2ID("sgr-"), egress: true, protocol: "-1", from: -1, to: -1, cidr4: "0.0.0.0/0", tags: map[string]string{},
	}}
	n.groups = append(n.groups, g)
	return g
}

// ec2ID makes an id with seventeen hexadecimal digits, as EC2's long ids have.
func (s *Sandbox) ec2ID(prefix string) string {
	return prefix + hex.EncodeToString(s.randomBytes(9))[:17]
}

func (n *network) vpc(id string) *vpc {
	return firstWhere(n.vpcs, func(v *vpc) bool { return v.id == id })
}

func (n *network) group(id string) *securityGroup {
	return firstWhere(n.groups, func(g *securityGroup) bool { return g.id == id })
}

func (n *network) defaultVPC() *vpc {
	return firstWhere(n.vpcs, func(v *vpc) bool { return v.isDefault })
}

// rule finds a rule and its group.
func (n *network) rule(id string) (*securityGroup, *groupRule) {
	for _, g := range n.groups {
		if r := g.rule(id); r != nil {
			return g, r
		}
	}
	return nil, nil
}

func (g *securityGroup) rule(id string) *groupRule {
	return firstWhere(g.rules, func(r *groupRule) bool { return r.id == id })
}

// firstWhere is the first element that fits, nil without.
func firstWhere[T any](in []*T, fits func(*T) bool) *T {
	if i := slices.IndexFunc(in, fits); i >= 0 {
		return in[i]
	}
	return nil
}

var ec2IDDigits = regexp.MustCompile(`^(?:[0-9a-f]{8}|[0-9a-f]{17})$`)

// checkID refuses what isn't an id with that prefix; code is EC2's word for it.
func checkID(id, prefix, code string) error {
	digits, ok := strings.CutPrefix(id, prefix)
	if !ok || !ec2IDDigits.MatchString(digits) {
		return wire.Errorf(code, "Invalid id: %q (expecting %q)", id, prefix+"...")
	}
	return nil
}

// ec2Kind is the resource type of an id, as ARNs and tags have it; "" for none
// that the sandbox knows.
func ec2Kind(id string) string {
	prefix, _, _ := strings.Cut(id, "-")
	return map[string]string{
		"vpc": "vpc", "sg": "security-group", "sgr": "security-group-rule", "i": "instance", "vol": "volume", "snap": "snapshot", "eni": "network-interface",
		"ami": "image", "subnet": "subnet", "acl": "network-acl",
		"rtb": "route-table", "igw": "internet-gateway",
	}[prefix]
}

func lower(s string) string { return strings.ToLower(s) }
