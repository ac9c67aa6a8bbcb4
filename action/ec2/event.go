package ec2

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
)

// groupEvent is what a CloudTrail record tells of a change of a group's rules
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html). Its requests
// and answers are those of the operation, with members in small letters and lists as {"items": […]}; ModifySecurityGroupRules
// has them in an object of its own, with capitals.
type groupEvent struct {
	operation string
	direction direction
	group     string   // as the event has it; may be empty
	rules     []rule   // that it added or took away; with ids where the event tells them
	ids       []string // of rules of which the event tells nothing else that would help
	nothing   bool     // the call changed nothing: it was refused, or the group had none of the rules
}

// The operations that change rules.
const (
	authorizeVerb = "AuthorizeSecurityGroup"
	revokeVerb    = "RevokeSecurityGroup"
	modifyRules   = "ModifySecurityGroupRules"
)

// items is a list in a record: {"items": […]}, {} for an empty one, a plain list, or one element in place of a list.
type items[T any] []T

// UnmarshalJSON reads any of them.
func (l *items[T]) UnmarshalJSON(raw []byte) error {
	var wrapped struct {
		Items *[]T `json:"items"`
	}
	switch {
	case string(raw) == "null" || string(raw) == "{}":
		return nil
	case len(raw) > 0 && raw[0] == '[':
		return json.Unmarshal(raw, (*[]T)(l))
	}
	if err := json.Unmarshal(raw, &wrapped); err != nil {
		return err
	}
	if wrapped.Items != nil {
		*l = *wrapped.Items
		return nil
	}
	var one T
	if err := json.Unmarshal(raw, &one); err != nil {
		return err
	}
	*l = items[T]{one}
	return nil
}

// The parts of records that matter here. Names are matched whatever their case.
type (
	recordRequest struct {
		GroupID     string                  `json:"groupId"`
		Permissions items[recordPermission] `json:"ipPermissions"`
		RuleIDs     items[recordRuleID]     `json:"securityGroupRuleIds"`
		recordPermission
		CIDR   string `json:"cidrIp"` // of one network, in the older form
		Modify *struct {
			GroupID string              `json:"GroupId"`
			Rules   items[recordRuleID] `json:"SecurityGroupRule"`
		} `json:"ModifySecurityGroupRulesRequest"`
	}
	recordPermission struct {
		Protocol string `json:"ipProtocol"`
		FromPort *int32 `json:"fromPort"`
		ToPort   *int32 `json:"toPort"`
		Ranges   items[struct {
			CIDR        string `json:"cidrIp"`
			Description string `json:"description"`
		}] `json:"ipRanges"`
		Ranges6 items[struct {
			CIDR        string `json:"cidrIpv6"`
			Description string `json:"description"`
		}] `json:"ipv6Ranges"`
		PrefixLists items[struct {
			ID          string `json:"prefixListId"`
			Description string `json:"description"`
		}] `json:"prefixListIds"`
		Groups items[struct {
			ID          string `json:"groupId"`
			Owner       string `json:"userId"`
			Description string `json:"description"`
		}] `json:"groups"`
	}
	recordRuleID struct {
		ID string `json:"securityGroupRuleId"`
	}
	recordAnswer struct {
		Added   items[recordRule]       `json:"securityGroupRuleSet"`
		Revoked items[recordRule]       `json:"revokedSecurityGroupRuleSet"`
		Unknown items[recordPermission] `json:"unknownIpPermissionSet"`
	}
	recordRule struct {
		recordRuleID
		Protocol   string `json:"ipProtocol"`
		FromPort   *int32 `json:"fromPort"`
		ToPort     *int32 `json:"toPort"`
		CIDR       string `json:"cidrIpv4"`
		CIDR6      string `json:"cidrIpv6"`
		PrefixList string `json:"prefixListId"`
		Group      string `json:"referencedGroupId"` // of a rule that was revoked
		Referenced struct {
			ID    string `json:"groupId"`
			Owner string `json:"userId"`
		} `json:"referencedGroupInfo"` // of one that was added
		Description string `json:"description"`
	}
)

// parseEvent reads the record, or the three members of it. Errors are fault.Invalid.
func parseEvent(raw json.RawMessage) (groupEvent, error) {
	var record struct {
		Name    string        `json:"eventName"`
		Error   string        `json:"errorCode"`
		Request recordRequest `json:"requestParameters"`
		Answer  recordAnswer  `json:"responseElements"`
	}
	if err := json.Unmarshal(raw, &record); err != nil {
		return groupEvent{}, fmt.Errorf("is not a CloudTrail record: %w", err)
	}
	e := groupEvent{operation: record.Name, group: record.Request.GroupID, nothing: record.Error != "", direction: ingress}
	if strings.HasSuffix(record.Name, string(egress)) {
		e.direction = egress
	}
	var err error
	switch record.Name {
	case authorizeVerb + string(ingress), authorizeVerb + string(egress):
		if e.rules, err = rulesOf(record.Answer.Added); err == nil && len(e.rules) == 0 {
			e.rules, err = record.Request.rules()
		}
	case revokeVerb + string(ingress), revokeVerb + string(egress):
		err = e.revoked(record.Request, record.Answer)
	case modifyRules:
		if m := record.Request.Modify; m != nil {
			e.group = m.GroupID
			e.ids = ruleIDs(m.Rules)
		}
	default:
		err = fmt.Errorf("is of %.100q, which is none of %s…, %s… and %s", record.Name, authorizeVerb, revokeVerb, modifyRules)
	}
	if err == nil && len(e.rules)+len(e.ids) == 0 && !e.nothing {
		err = fmt.Errorf("of %s names no rule", record.Name)
	}
	return e, err
}

// revoked sets what was taken away: as the answer tells it, else as the request does without what the group didn't have.
func (e *groupEvent) revoked(request recordRequest, answer recordAnswer) (err error) {
	if e.rules, err = rulesOf(answer.Revoked); err != nil || len(e.rules) > 0 {
		return err
	}
	if e.rules, err = request.rules(); err != nil {
		return err
	}
	named := len(e.rules)
	for _, p := range answer.Unknown {
		unknown, err := p.rules()
		if err != nil {
			return err
		}
		for _, u := range unknown {
			e.rules = drop(e.rules, u)
		}
	}
	e.ids = ruleIDs(request.RuleIDs)
	e.nothing = e.nothing || named > 0 && len(e.rules) == 0
	return nil
}

func drop(rules []rule, gone rule) []rule {
	var out []rule
	for _, r := range rules {
		if !r.same(gone) {
			out = append(out, r)
		}
	}
	return out
}

func ruleIDs(list items[recordRuleID]) []string {
	var out []string
	for _, r := range list {
		out = append(out, r.ID)
	}
	return out
}

// rules returns the rules of a request: one for each source of each permission.
func (r recordRequest) rules() ([]rule, error) {
	all := r.Permissions
	if r.CIDR != "" {
		one := r.recordPermission
		one.Ranges = append(one.Ranges, struct {
			CIDR        string `json:"cidrIp"`
			Description string `json:"description"`
		}{CIDR: r.CIDR})
		all = append(all, one)
	}
	var out []rule
	for _, p := range all {
		rules, err := p.rules()
		if err != nil {
			return nil, err
		}
		out = append(out, rules...)
	}
	return out, nil
}

func (p recordPermission) rules() ([]rule, error) {
	var out []rule
	add := func(r rule) error {
		r.Protocol, r.FromPort, r.ToPort = protocolAndPorts(p.Protocol, p.FromPort, p.ToPort)
		r, err := r.whole()
		out = append(out, r)
		return err
	}
	for _, s := range p.Ranges {
		if err := add(rule{CIDR: s.CIDR, Description: s.Description}); err != nil {
			return nil, err
		}
	}
	for _, s := range p.Ranges6 {
		if err := add(rule{CIDR: s.CIDR, Description: s.Description}); err != nil {
			return nil, err
		}
	}
	for _, s := range p.PrefixLists {
		if err := add(rule{PrefixList: s.ID, Description: s.Description}); err != nil {
			return nil, err
		}
	}
	for _, s := range p.Groups {
		if err := add(rule{Group: s.ID, GroupOwner: s.Owner, Description: s.Description}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func rulesOf(list items[recordRule]) ([]rule, error) {
	var out []rule
	for _, r := range list {
		made := rule{ID: r.ID, CIDR: r.CIDR + r.CIDR6, PrefixList: r.PrefixList, Group: r.Group + r.Referenced.ID, GroupOwner: r.Referenced.Owner, Description: r.Description}
		made.Protocol, made.FromPort, made.ToPort = protocolAndPorts(r.Protocol, r.FromPort, r.ToPort)
		made, err := made.whole()
		if err != nil {
			return nil, err
		}
		out = append(out, made)
	}
	return out, nil
}

// protocolAndPorts spells them as EC2 keeps them: four protocols by name, and ports only for those.
func protocolAndPorts(protocol string, from, to *int32) (string, int32, int32) {
	protocol = strings.ToLower(protocol)
	if name, ok := map[string]string{"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": "-1"}[protocol]; ok {
		protocol = name
	}
	switch protocol {
	case "tcp", "udp", "icmp", "icmpv6":
		if from != nil && to != nil {
			return protocol, *from, *to
		}
	}
	return protocol, -1, -1
}

// whole returns the rule with its network as EC2 keeps it. A rule without a protocol or without exactly one source is not
// one that EC2 took.
func (r rule) whole() (rule, error) {
	sources := 0
	for _, s := range []string{r.CIDR, r.PrefixList, r.Group} {
		if s != "" {
			sources++
		}
	}
	if r.Protocol == "" || sources != 1 {
		return r, fmt.Errorf("has a rule with the protocol %.50q and %d sources", r.Protocol, sources)
	}
	if r.CIDR != "" {
		p, err := netip.ParsePrefix(r.CIDR)
		if err != nil {
			return r, fmt.Errorf("has a rule with the network %.100q, which is none", r.CIDR)
		}
		r.CIDR = p.Masked().String()
	}
	return r, nil
}
