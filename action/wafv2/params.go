package wafv2

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// schema of the parameters of both actions.
const schema = `{
  "type": "object",
  "additionalProperties": false,
  "required": ["ip_set_name", "scope", "address"],
  "properties": {
    "ip_set_id": {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "description": "id of the IP set; without it, the set of that name"},
    "ip_set_name": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,128}$", "description": "name of the IP set"},
    "scope": {"enum": ["REGIONAL", "CLOUDFRONT"], "description": "CLOUDFRONT sets are in us-east-1, whatever the region"},
    "address": {"type": "string", "minLength": 2, "maxLength": 50, "description": "IPv4 or IPv6 address, or a network such as 192.0.2.0/24"}
  }
}`

// params of both actions, as schema describes them.
type params struct {
	ID      string `json:"ip_set_id"`
	Name    string `json:"ip_set_name"`
	Scope   string `json:"scope"`
	Address string `json:"address"`
}

// The widest networks that are blocked. What is wider is half a country rather than an attacker.
const (
	widest4 = 16
	widest6 = 32
)

// globalRegion is where the sets for CloudFront are.
const globalRegion = "us-east-1"

// inside are networks from which nobody in the Internet comes, beside those that netip knows: blocking them can only hit
// oneself (https://www.iana.org/assignments/iana-ipv4-special-registry).
var inside = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("224.0.0.0/3"),
	netip.MustParsePrefix("::/8"), netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("ff00::/8"),
}

var (
	setID   = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	setName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
)

// target is one address in one set.
type target struct {
	id, name string // id is "" until the set of that name was found
	scope    types.Scope
	account  string
	region   string // of the set
	address  netip.Prefix
}

// parseTarget reads the parameters and tells all that is wrong with them at once.
func parseTarget(req action.Request, check func(netip.Prefix) error) (target, error) {
	var p params
	if err := req.Check(); err != nil {
		return target{}, err
	}
	if err := action.DecodeParams(req.Params, &p); err != nil {
		return target{}, err
	}
	t := target{id: p.ID, name: p.Name, scope: types.Scope(p.Scope), account: req.Account, region: req.Region}
	var problems []string
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if p.ID != "" && !setID.MatchString(p.ID) {
		problem("ip_set_id %.100q is not the id of an IP set", p.ID)
	}
	if !setName.MatchString(p.Name) {
		problem("ip_set_name %.200q is not the name of an IP set", p.Name)
	}
	switch t.scope {
	case types.ScopeRegional:
	case types.ScopeCloudfront:
		t.region = globalRegion
		if partition := awscall.Partition(req.Region); partition != "aws" {
			problem("scope CLOUDFRONT doesn't exist in the partition %s", partition)
		}
	default:
		problem("scope %.50q is neither REGIONAL nor CLOUDFRONT", p.Scope)
	}
	var err error
	if t.address, err = parseAddress(p.Address); err == nil {
		err = check(t.address)
	}
	if err != nil {
		problem("address %.100q %v", p.Address, err)
	}
	if len(problems) > 0 {
		return target{}, fault.New(fault.Invalid, "wrong parameters: %s", strings.Join(problems, "; ")).
			WithHint(`give {"ip_set_name": "…", "scope": "REGIONAL" or "CLOUDFRONT", "address": "192.0.2.44"}`)
	}
	return t, nil
}

// parseAddress reads an address or a network. An IPv4 address that is mapped into IPv6 is the IPv4 address.
func parseAddress(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil || p.Addr().Is4In6():
		return netip.Prefix{}, fmt.Errorf("is neither an IP address nor a network such as 192.0.2.0/24")
	case p != p.Masked():
		return netip.Prefix{}, fmt.Errorf("has host bits: write %s for the network, or %s for the address", p.Masked(), p.Addr())
	case p.Bits() == 0:
		return netip.Prefix{}, fmt.Errorf("is everything, which AWS WAF takes in no set")
	}
	return p, nil
}

// mayBlock says why an address is not to be blocked.
func mayBlock(p netip.Prefix) error {
	widest := widest4
	if p.Addr().Is6() {
		widest = widest6
	}
	if p.Bits() < widest {
		return fmt.Errorf("is wider than /%d", widest)
	}
	for _, n := range inside {
		if n.Overlaps(p) {
			return fmt.Errorf("is in %s, where nobody in the Internet comes from", n)
		}
	}
	return nil
}

// anyAddress is for taking out: whatever is in a set may go.
func anyAddress(netip.Prefix) error { return nil }

// arn returns the set's ARN
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html).
func (t target) arn() string {
	where := "regional"
	if t.scope == types.ScopeCloudfront {
		where = "global"
	}
	return fmt.Sprintf("arn:%s:wafv2:%s:%s:%s/ipset/%s/%s", awscall.Partition(t.region), t.region, t.account, where, t.name, t.id)
}
