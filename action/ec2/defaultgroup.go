package ec2

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// allRules is what a security group lets in and out, without the ids of its rules: they are others after an undo.
type allRules struct {
	Ingress []rule `json:"ingress"`
	Egress  []rule `json:"egress"`

	users []string // network interfaces with the group
}

func (s *allRules) of(d direction) *[]rule {
	if d == egress {
		return &s.Egress
	}
	return &s.Ingress
}

func (s allRules) clone() allRules {
	return allRules{Ingress: slices.Clone(s.Ingress), Egress: slices.Clone(s.Egress)}
}

type vpcParams struct {
	VPC  string `json:"vpc_id"`
	Used bool   `json:"even_if_used,omitempty"`
}

// NewEmptyDefaultGroup returns the action ec2.empty-default-group.
func NewEmptyDefaultGroup(caller *awscall.Caller) action.Action {
	groups := newGroups(caller)
	return setting.New(caller, setting.Setting[vpcParams, allRules]{
		Spec: action.Spec{
			Name:  "ec2.empty-default-group",
			Title: "Take all rules from a VPC's default group",
			Description: "Removes every rule, in and out, from the security group that a VPC gives to what names no other one. Where something has the " +
				"group that would lose its network: it is left to people then, unless they say `even_if_used`. The undo brings the rules back, " +
				"with their descriptions and tags and new ids.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["vpc_id"], "properties": {
  "vpc_id": {"type": "string", "pattern": "^vpc-([0-9a-f]{8}|[0-9a-f]{17})$", "description": "id of the VPC"},
  "even_if_used": {"type": "boolean", "description": "also where network interfaces have the group"}}}`),
			Permissions: []string{
				"ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules", "ec2:DescribeNetworkInterfaces", "ec2:RevokeSecurityGroupIngress",
				"ec2:RevokeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress", "ec2:CreateTags",
			},
			Within: rulesTagged,
			Effect: action.StateChecked,
		},
		Find: findDefaultGroup,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (allRules, error) {
			return readAllRules(ctx, cfg, groups, r)
		},
		Want: func(_ action.Resource, p vpcParams, now allRules) (allRules, string, error) {
			n := len(now.Ingress) + len(now.Egress)
			switch {
			case n == 0:
				return now, "It has no rules.", nil
			case len(now.users) > 0 && !p.Used:
				return now, "", setting.Escalation(fmt.Sprintf("Network interfaces have it (%s): give them a group of their own first.", some(now.users)))
			}
			return allRules{Ingress: []rule{}, Egress: []rule{}}, fmt.Sprintf("It has %d rules, and whatever names no group gets them.", n), nil
		},
		Steps: ruleSteps,
		Operations: map[string]setting.Operation{
			"RevokeSecurityGroupIngress":    setting.Op(ec2.NewFromConfig, (*ec2.Client).RevokeSecurityGroupIngress),
			"RevokeSecurityGroupEgress":     setting.Op(ec2.NewFromConfig, (*ec2.Client).RevokeSecurityGroupEgress),
			"AuthorizeSecurityGroupIngress": setting.Op(ec2.NewFromConfig, (*ec2.Client).AuthorizeSecurityGroupIngress),
			"AuthorizeSecurityGroupEgress":  setting.Op(ec2.NewFromConfig, (*ec2.Client).AuthorizeSecurityGroupEgress),
		},
	})
}

// some names the first few.
func some(names []string) string {
	if len(names) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	}
	return list(names, "and")
}

func findDefaultGroup(ctx context.Context, cfg aws.Config, req action.Request, p vpcParams) ([]action.Resource, error) {
	if err := checkID("vpc_id", p.VPC, "vpc"); err != nil {
		return nil, err
	}
	out, err := ec2.NewFromConfig(cfg).DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: []types.Filter{
		{Name: aws.String("vpc-id"), Values: []string{p.VPC}}, {Name: aws.String("group-name"), Values: []string{"default"}},
	}})
	if err != nil || len(out.SecurityGroups) == 0 {
		return nil, missing(err, "ec2:DescribeSecurityGroups", "VPC", p.VPC)
	}
	return []action.Resource{resource(out.SecurityGroups[0], req.Account, req.Region)}, nil
}

func readAllRules(ctx context.Context, cfg aws.Config, groups groups, r action.Resource) (allRules, error) {
	now, id := allRules{Ingress: []rule{}, Egress: []rule{}}, groupID(r)
	if _, err := groups.group(ctx, r.Account, r.Region, id); err != nil {
		return now, err
	}
	for _, d := range []direction{ingress, egress} {
		rules, err := groups.rules(ctx, r.Account, r.Region, id, d)
		if err != nil {
			return now, err
		}
		for _, rule := range rules {
			rule.ID = ""
			*now.of(d) = append(*now.of(d), rule)
		}
		sortRules(*now.of(d))
	}
	pages := ec2.NewDescribeNetworkInterfacesPaginator(ec2.NewFromConfig(cfg), &ec2.DescribeNetworkInterfacesInput{
		Filters: []types.Filter{{Name: aws.String("group-id"), Values: []string{id}}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return now, awscall.Fault(err, "ec2:DescribeNetworkInterfaces", "see what has the group %s", id)
		}
		for _, i := range page.NetworkInterfaces {
			now.users = append(now.users, aws.ToString(i.NetworkInterfaceId))
		}
	}
	return now, nil
}

func sortRules(rules []rule) {
	slices.SortFunc(rules, func(a, b rule) int { return strings.Compare(a.String(), b.String()) })
}

// ruleSteps take away in one call what is too much, and add what is missing, a call for each set of tags.
func ruleSteps(r action.Resource, from, to allRules) ([]setting.Step[allRules], error) {
	var steps []setting.Step[allRules]
	now := from.clone()
	for _, d := range []direction{ingress, egress} {
		tooMuch := lacking(*to.of(d), *from.of(d))
		if len(tooMuch) > 0 {
			input := authorizeInput{GroupId: groupID(r)}
			for _, rule := range tooMuch {
				permission, err := newPermission(rule)
				if err != nil {
					return nil, err
				}
				input.IpPermissions = append(input.IpPermissions, permission)
			}
			*now.of(d) = lacking(tooMuch, *now.of(d))
			steps = append(steps, setting.Step[allRules]{Operation: "RevokeSecurityGroup" + string(d), Input: input, Leaves: now.clone()})
		}
		missing := lacking(*from.of(d), *to.of(d))
		for len(missing) > 0 {
			tags := fmt.Sprintf("%q", pairs(missing[0].Tags))
			alike := slices.DeleteFunc(slices.Clone(missing), func(o rule) bool { return fmt.Sprintf("%q", pairs(o.Tags)) != tags })
			calls, err := authorize(d, r, alike)
			if err != nil {
				return nil, err
			}
			missing = lacking(alike, missing)
			*now.of(d) = append(*now.of(d), alike...)
			sortRules(*now.of(d))
			steps = append(steps, setting.Step[allRules]{Operation: calls[0].Operation, Input: calls[0].Input, Leaves: now.clone()})
		}
	}
	return steps, nil
}

// lacking is what is in rules, and not in those that are there.
func lacking(there, rules []rule) []rule {
	out := []rule{}
	for _, r := range rules {
		if !slices.ContainsFunc(there, r.equal) {
			out = append(out, r)
		}
	}
	return out
}
