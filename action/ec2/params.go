package ec2

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// params of ec2.revoke-ingress and ec2.revoke-egress, as their specs describe them.
type params struct {
	Group    string   `json:"group"`
	Ports    []int32  `json:"ports"`
	Protocol string   `json:"protocol,omitempty"`
	CIDRs    []string `json:"cidrs,omitempty"`
	// Everything may be given for outgoing rules only.
	Everything *bool `json:"even_everything,omitempty"`
}

// maxList bounds ports and cidrs.
const maxList = 100

var groupPattern = regexp.MustCompile(`^sg-[0-9a-f]{8,17}$`)

// target is what the parameters ask for.
type target struct {
	group, region string
	protocol      string
	ports         []int32
	networks      []netip.Prefix
	world         bool // networks is the world
	direction     direction
	everything    bool // rules that let everything through may go, too
}

// parseTarget reads the parameters and tells all that is wrong with them at once.
func parseTarget(req action.Request, d direction) (target, error) {
	var p params
	if err := req.Check(); err != nil {
		return target{}, err
	}
	if err := action.DecodeParams(req.Params, &p); err != nil {
		return target{}, err
	}
	t := target{
		group: p.Group, region: req.Region, protocol: cmp.Or(p.Protocol, "tcp"), ports: p.Ports, networks: world, world: true,
		direction: d, everything: d == ingress || p.Everything != nil && *p.Everything,
	}
	var problems []string
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }

	if strings.HasPrefix(p.Group, "arn:") {
		parsed, err := arn.Parse(p.Group)
		t.group = strings.TrimPrefix(parsed.Resource, "security-group/")
		t.region = parsed.Region
		if err != nil || parsed.Service != "ec2" || parsed.AccountID != req.Account || parsed.Region == "" {
			problem("group %.200q is not the ARN of a security group of account %s", p.Group, req.Account)
		}
	}
	if !groupPattern.MatchString(t.group) {
		problem("group %.200q is not the id of a security group (sg-…)", t.group)
	}
	if d == ingress && p.Everything != nil {
		problem("even_everything is for outgoing rules only")
	}
	if n := len(p.Ports); n == 0 || n > maxList {
		problem("%d ports, want 1 to %d", n, maxList)
	}
	if t.protocol != "tcp" && t.protocol != "udp" {
		problem("protocol %.20q is neither tcp nor udp", p.Protocol)
	}
	for _, port := range p.Ports {
		if port < 0 || port > 65535 {
			problem("port %d is not between 0 and 65535", port)
		}
	}
	if p.CIDRs != nil {
		t.networks, t.world = nil, false
		if n := len(p.CIDRs); n == 0 || n > maxList {
			problem("%d cidrs, want 1 to %d, or leave them out for the world", n, maxList)
		}
	}
	for _, cidr := range p.CIDRs {
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil || prefix.Addr().Is4In6() {
			problem("cidr %.100q is not a network such as 203.0.113.0/24", cidr)
			continue
		}
		t.networks = append(t.networks, prefix.Masked())
	}
	if len(problems) > 0 {
		return target{}, fault.New(fault.Invalid, "wrong parameters: %s", strings.Join(problems, "; ")).
			WithHint(`give {"group": "sg-…", "ports": [22, 3389]}, and "cidrs" for less than the world`)
	}
	return t, nil
}

// what names the target for people: "Port 22 is open to the world", "Outgoing UDP ports 53 or 123 are open to 10.0.0.0/8".
func (t target) what(verb string) string {
	var ports, networks []string
	for _, p := range t.ports {
		ports = append(ports, fmt.Sprint(p))
	}
	for _, n := range t.networks {
		networks = append(networks, n.String())
	}
	to := list(networks, "or")
	if t.world {
		to = "the world"
	}
	noun, be := "port", "is"
	if len(ports) > 1 {
		noun, be = "ports", "are"
	}
	if t.protocol == "udp" {
		noun = "UDP " + noun
	}
	if t.direction == egress {
		noun = "outgoing " + noun
	}
	noun = strings.ToUpper(noun[:1]) + noun[1:]
	return fmt.Sprintf("%s %s %s %s to %s", noun, list(ports, "or"), be, verb, to)
}

// list joins words as in a sentence.
func list(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}
