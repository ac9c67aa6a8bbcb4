package ec2

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// Undo plans to put the instance back: the groups of its interfaces, its target groups, its Auto Scaling group where that has
// room, tag and protection. Snapshots and the forensic group stay, and are told. Where somebody changed one of these since,
// or the instance has ended, that is a conflict and nothing is planned.
func (a *Isolate) Undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	before, after, err := places(applied)
	if err != nil {
		return nil, err
	}
	r := applied.Resource
	undo := action.Item{ID: applied.ID, Resource: r}
	plan := &action.Plan{Action: isolateSpec.Name, Account: r.Account, Region: r.Region}
	now, err := a.lookAgain(ctx, r, after)
	if fault.CodeOf(err) == fault.NotFound || err == nil && ended(now.instance) {
		undo.Status, undo.Reason = action.Conflict, "The instance has been terminated since. Snapshots of its volumes stay."
		plan.Items = []action.Item{undo}
		return plan, nil
	}
	if err != nil {
		return nil, err
	}
	s, err := a.services(ctx, r.Account, r.Region)
	if err != nil {
		return nil, err
	}
	w := wayBack{now: now, goal: now.place, calls: calls{resource: r}}
	for _, step := range []func(before, after place) error{
		w.interfaces,
		func(before, _ place) error { return w.targets(ctx, s, before) },
		func(before, _ place) error { return w.scaling(ctx, s, before) },
		w.tag, w.protection,
	} {
		if err := step(before, after); err != nil {
			return nil, err
		}
	}
	undo.Before, undo.After = now.json(), now.json()
	switch {
	case w.conflict != "":
		undo.Status, undo.Reason = action.Conflict, w.conflict
	case len(w.calls.made) == 0:
		undo.Status, undo.Reason = action.Unneeded, "It is no longer isolated."+w.notes+now.kept()
	default:
		undo.Status, undo.Reason = action.Change, "Puts the instance back to where it was."+w.notes+now.kept()
		undo.After, undo.Calls = w.goal.json(), w.calls.made
	}
	plan.Items = []action.Item{undo}
	return plan, w.calls.err
}

// wayBack is what an undo finds.
type wayBack struct {
	now      seen
	goal     place
	calls    calls
	conflict string // the first
	notes    string // what stays as it is, in sentences
}

func (w *wayBack) refuse(format string, args ...any) {
	w.conflict = cmp.Or(w.conflict, fmt.Sprintf(format, args...))
}

func (w *wayBack) id() string { return aws.ToString(w.now.instance.InstanceId) }

func (w *wayBack) interfaces(before, after place) error {
	w.goal.Interfaces = slices.Clone(w.now.Interfaces)
	for _, was := range before.Interfaces {
		made, _ := interfaceOf(after.Interfaces, was.ID)
		i := slices.IndexFunc(w.goal.Interfaces, func(e interfaceState) bool { return e.ID == was.ID })
		switch {
		case i < 0:
			w.refuse("Somebody detached the interface %s since.", was.ID)
		case slices.Equal(w.goal.Interfaces[i].Groups, was.Groups):
		case !slices.Equal(w.goal.Interfaces[i].Groups, made.Groups):
			w.refuse("Somebody gave the interface %s other groups since: %s.", was.ID, list(w.goal.Interfaces[i].Groups, "and"))
		default:
			w.goal.Interfaces[i].Groups = was.Groups
			w.calls.groups(aws.ToString(w.now.instance.VpcId), was)
		}
	}
	return nil
}

// targets registers the instance again where the target group still is.
func (w *wayBack) targets(ctx context.Context, s services, before place) error {
	var back []targetState
	for _, t := range before.Targets {
		if slices.Contains(w.now.Targets, t) {
			continue
		}
		_, err := s.balance.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: []string{t.Group}})
		err = awscall.Fault(err, "elasticloadbalancing:DescribeTargetGroups", "read the target group %s", t.Group)
		switch {
		case fault.CodeOf(err) == fault.NotFound:
			w.notes += fmt.Sprintf(" The target group %s was deleted since.", t.Group)
		case err != nil:
			return err
		default:
			back = append(back, t)
		}
	}
	w.goal.Targets = append(slices.Clone(w.now.Targets), back...)
	slices.SortFunc(w.goal.Targets, func(a, b targetState) int { return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Port, b.Port)) })
	w.calls.targets("RegisterTargets", w.id(), back)
	return nil
}

// scaling attaches the instance again where the Auto Scaling group has room: that raises its desired capacity by one.
func (w *wayBack) scaling(ctx context.Context, s services, before place) error {
	switch {
	case before.ScalingGroup == w.now.ScalingGroup || before.ScalingGroup == "" && w.now.ScalingGroup == "":
		return nil
	case w.now.ScalingGroup != "":
		w.refuse("Somebody attached it to the Auto Scaling group %s since.", w.now.ScalingGroup)
		return nil
	}
	out, err := s.scaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{before.ScalingGroup}})
	if err != nil {
		return awscall.Fault(err, "autoscaling:DescribeAutoScalingGroups", "read the Auto Scaling group %s", before.ScalingGroup)
	}
	if len(out.AutoScalingGroups) == 0 {
		w.notes += fmt.Sprintf(" The Auto Scaling group %s was deleted since.", before.ScalingGroup)
		return nil
	}
	if g := out.AutoScalingGroups[0]; aws.ToInt32(g.DesiredCapacity) >= aws.ToInt32(g.MaxSize) {
		w.notes += fmt.Sprintf(" The Auto Scaling group %s is at its maximum of %d, so it stays out of it: attach it by hand, or leave it to its successor.",
			before.ScalingGroup, aws.ToInt32(g.MaxSize))
		return nil
	}
	w.goal.ScalingGroup = before.ScalingGroup
	w.calls.add("autoscaling", "AttachInstances", map[string]any{"AutoScalingGroupName": before.ScalingGroup, "InstanceIds": []string{w.id()}})
	return nil
}

func (w *wayBack) tag(before, after place) error {
	switch {
	case before.Tag == after.Tag || w.now.Tag == before.Tag:
	case w.now.Tag != after.Tag:
		w.refuse("Somebody changed its tag %s since.", IsolationTag)
	default:
		w.goal.Tag = ""
		w.calls.add("ec2", "DeleteTags", map[string]any{"Resources": []string{w.id()}, "Tags": []tag{{IsolationTag, after.Tag}}})
	}
	return nil
}

func (w *wayBack) protection(before, _ place) error {
	if !before.Protected && w.now.Protected {
		w.goal.Protected = false
		w.calls.protect(w.id(), false)
	}
	return nil
}
