package ec2

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

const (
	// ForensicGroup is the name of the security group, one a VPC, that isolates where the parameters name none.
	ForensicGroup = "riposte-forensics"
	// IsolationTag is on what riposte isolated, and on the snapshots that it made of it. Its value is the parameter token.
	IsolationTag = "riposte:isolation"
)

// isolateSpec of ec2.isolate-instance. The permissions are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html, …/list_amazonec2autoscaling.html
// and …/list_awselasticloadbalancingv2.html. DeleteTags, RegisterTargets, AttachInstances and DescribeAutoScalingGroups are
// for Undo.
var isolateSpec = action.Spec{
	Name:  "ec2.isolate-instance",
	Title: "Isolate an instance",
	Description: "Takes an instance out of everything without ending it: snapshots of all volumes, protection from termination, out of its Auto " +
		"Scaling group and its target groups, all network interfaces into a security group that lets nothing in or out, and a tag. Connections " +
		"that are tracked already may go on for a while.",
	Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "required": ["instance_id", "token"],
  "properties": {
    "instance_id": {"type": "string", "pattern": "^i-([0-9a-f]{8}|[0-9a-f]{17})$"},
    "token": {"type": "string", "pattern": "^[A-Za-z0-9._:/=+@-]{1,128}$",
      "description": "names this isolation, such as the execution's id: volumes that have a snapshot with it get no other"},
    "forensic_group_id": {"type": "string", "pattern": "^sg-[0-9a-f]{8,17}$",
      "description": "security group in the instance's VPC; riposte-forensics, made there if need be, if absent"}
  }
}`),
	Permissions: []string{
		"ec2:DescribeInstances", "ec2:DescribeInstanceAttribute", "ec2:DescribeSnapshots", "ec2:DescribeSecurityGroups",
		"ec2:CreateSnapshots", "ec2:ModifyInstanceAttribute", "ec2:ModifyNetworkInterfaceAttribute",
		"ec2:CreateSecurityGroup", "ec2:RevokeSecurityGroupEgress", "ec2:CreateTags", "ec2:DeleteTags",
		"autoscaling:DescribeAutoScalingInstances", "autoscaling:DescribeAutoScalingGroups", "autoscaling:DetachInstances", "autoscaling:AttachInstances",
		"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth",
		"elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets",
	},
	Within: map[string]action.Limit{"ec2:CreateTags": {
		Resources: []string{"arn:P:ec2:*:A:instance/*", "arn:P:ec2:*:A:security-group/*", "arn:P:ec2:*::snapshot/*"},
	}},
	Effect:   action.StateChecked,
	Evidence: action.EventEvidence,
}

// Isolate is the action ec2.isolate-instance.
type Isolate struct{ caller *awscall.Caller }

var _ action.Action = (*Isolate)(nil)

// NewIsolate returns the action; it reaches accounts through caller.
func NewIsolate(caller *awscall.Caller) action.Action { return &Isolate{caller} }

// Spec describes the action.
func (a *Isolate) Spec() action.Spec { return isolateSpec }

// isolation is what the parameters ask for.
type isolation struct {
	Instance string `json:"instance_id"`
	Token    string `json:"token"`
	Group    string `json:"forensic_group_id,omitempty"`
}

var (
	instancePattern = regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})$`)
	tokenPattern    = regexp.MustCompile(`^[A-Za-z0-9._:/=+@-]{1,128}$`)
)

func parseIsolation(req action.Request) (isolation, error) {
	var p isolation
	if err := req.Check(); err != nil {
		return p, err
	}
	if err := action.DecodeParams(req.Params, &p); err != nil {
		return p, err
	}
	var problems []string
	if !instancePattern.MatchString(p.Instance) {
		problems = append(problems, fmt.Sprintf("instance_id %.100q is not the id of an instance (i-…)", p.Instance))
	}
	if !tokenPattern.MatchString(p.Token) {
		problems = append(problems, fmt.Sprintf("token %.200q is not 1 to 128 letters, digits and ._:/=+@-", p.Token))
	}
	if p.Group != "" && !groupPattern.MatchString(p.Group) {
		problems = append(problems, fmt.Sprintf("forensic_group_id %.100q is not the id of a security group (sg-…)", p.Group))
	}
	if len(problems) > 0 {
		return p, fault.New(fault.Invalid, "wrong parameters: %s", strings.Join(problems, "; ")).
			WithHint(`give {"instance_id": "i-…", "token": a name for this isolation}; in a playbook "token.$": "$$.Execution.Id"`)
	}
	return p, nil
}

// services are clients for one account and region.
type services struct {
	ec2     *ec2.Client
	scaling *autoscaling.Client
	balance *elasticloadbalancingv2.Client
}

func (a *Isolate) services(ctx context.Context, account, region string) (services, error) {
	cfg, err := a.caller.Config(ctx, account, region)
	if err != nil {
		return services{}, err
	}
	return services{ec2.NewFromConfig(cfg), autoscaling.NewFromConfig(cfg), elasticloadbalancingv2.NewFromConfig(cfg)}, nil
}

// Apply makes the calls in order. Snapshots that exist with the token are not made again, and a forensic group that somebody
// made meanwhile is taken.
func (a *Isolate) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	return action.ApplyCalls(ctx, item, func(ctx context.Context, call action.Call) error {
		s, err := a.services(ctx, call.Account, call.Region)
		if err != nil {
			return err
		}
		needs := call.Service + ":" + call.Operation
		switch call.Operation {
		case "CreateSnapshots":
			needs, err = needs+" and ec2:CreateTags", s.snapshot(ctx, call)
		case "ModifyInstanceAttribute":
			err = awscall.Send(ctx, call, s.ec2.ModifyInstanceAttribute)
		case "DetachInstances":
			err = s.detach(ctx, call)
		case "AttachInstances":
			err = awscall.Send(ctx, call, s.scaling.AttachInstances)
		case "DeregisterTargets":
			err = awscall.Send(ctx, call, s.balance.DeregisterTargets)
		case "RegisterTargets":
			err = awscall.Send(ctx, call, s.balance.RegisterTargets)
		case "CreateSecurityGroup":
			needs, err = needs+" and ec2:CreateTags", awscall.Send(ctx, call, s.ec2.CreateSecurityGroup)
			if fault.CodeOf(awscall.Fault(err, needs, "make it")) == fault.Conflict {
				err = nil // somebody else made it meanwhile
			}
		case "RevokeSecurityGroupEgress":
			err = s.shut(ctx, call)
		case "ModifyNetworkInterfaceAttribute":
			err = s.move(ctx, call)
		case "CreateTags":
			err = awscall.Send(ctx, call, s.ec2.CreateTags)
		case "DeleteTags":
			err = awscall.Send(ctx, call, s.ec2.DeleteTags)
		default:
			return fault.New(fault.Invalid, "%s makes no call %s:%s", isolateSpec.Name, call.Service, call.Operation)
		}
		return awscall.Fault(err, needs, "%s for %s", call.Operation, item.Resource.Name)
	})
}

// snapshot makes the snapshots, unless every volume that they are of has one with the same token already: AWS has no token
// of its own for this call (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshots.html).
func (s services) snapshot(ctx context.Context, call action.Call) error {
	in, err := awscall.Input[ec2.CreateSnapshotsInput](call)
	if err != nil {
		return err
	}
	if in.InstanceSpecification == nil || len(in.TagSpecifications) != 1 || len(in.TagSpecifications[0].Tags) != 1 {
		return fault.New(fault.Invalid, "the planned input of CreateSnapshots names no instance or token")
	}
	i, err := s.instance(ctx, aws.ToString(in.InstanceSpecification.InstanceId))
	if err != nil {
		return err
	}
	made, err := s.snapshots(ctx, i, aws.ToString(in.TagSpecifications[0].Tags[0].Value))
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(volumesOf(i), func(v string) bool { return made[v] == "" }) {
		return nil
	}
	_, err = s.ec2.CreateSnapshots(ctx, in)
	return err
}

// detach takes the instances out of their group, unless they have left it: AWS refuses that.
func (s services) detach(ctx context.Context, call action.Call) error {
	in, err := awscall.Input[autoscaling.DetachInstancesInput](call)
	if err != nil {
		return err
	}
	for _, id := range in.InstanceIds {
		if group, err := s.scalingGroup(ctx, id); err != nil || group != aws.ToString(in.AutoScalingGroupName) {
			return err
		}
	}
	_, err = s.scaling.DetachInstances(ctx, in)
	return err
}

// shut takes whatever lets something out from the forensic group.
func (s services) shut(ctx context.Context, call action.Call) error {
	in, err := awscall.Input[ec2.RevokeSecurityGroupEgressInput](call)
	if err != nil {
		return err
	}
	group, err := s.forensic(ctx, call, aws.ToString(in.GroupId))
	if err != nil || len(group.IpPermissionsEgress) == 0 {
		return err
	}
	in.GroupId, in.IpPermissions = group.GroupId, group.IpPermissionsEgress
	_, err = s.ec2.RevokeSecurityGroupEgress(ctx, in)
	return err
}

// move gives an interface its groups. The forensic group, which the plan can only name before it exists, must be shut.
func (s services) move(ctx context.Context, call action.Call) error {
	in, err := awscall.Input[ec2.ModifyNetworkInterfaceAttributeInput](call)
	if err != nil {
		return err
	}
	for i, id := range in.Groups {
		if !strings.HasPrefix(id, forensicIn) {
			continue
		}
		group, err := s.forensic(ctx, call, id)
		if err != nil {
			return err
		}
		if open := openings(group); len(open) > 0 {
			return fault.New(fault.Conflict, "the group %s lets %s", aws.ToString(group.GroupId), list(open, "and")).
				WithHint("take its rules away: a group that isolates has none")
		}
		in.Groups[i] = aws.ToString(group.GroupId)
	}
	_, err = s.ec2.ModifyNetworkInterfaceAttribute(ctx, in)
	return err
}

// forensicIn precedes the VPC's id in a planned call, where the id of the VPC's forensic group stands in the one that is
// made: a plan may come before the group.
const forensicIn = ForensicGroup + "@"

// forensic finds the group that a planned call means by the VPC.
func (s services) forensic(ctx context.Context, call action.Call, planned string) (types.SecurityGroup, error) {
	vpc := strings.TrimPrefix(planned, forensicIn)
	group, found, err := s.forensicOf(ctx, vpc)
	if err == nil && !found {
		err = fault.New(fault.Unavailable, "the group %s of %s, for %s, doesn't show yet", ForensicGroup, vpc, call.Operation).
			WithHint("AWS shows new groups late; the next try finds it")
	}
	return group, err
}
