package autoscaling

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// known are the processes that can be suspended
// (https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-suspend-resume-processes.html).
var known = []string{
	"AZRebalance", "AddToLoadBalancer", "AlarmNotification", "HealthCheck", "InstanceRefresh", "Launch", "ReplaceUnhealthy", "ScheduledActions", "Terminate",
}

// suspendParams say which processes of which group are to rest.
type suspendParams struct {
	Group     string   `json:"group_name"`
	Processes []string `json:"processes"`
}

// suspension is which processes of a group rest.
type suspension struct {
	Suspended []string `json:"suspended_processes"` // sorted
}

// NewSuspendProcesses returns the action autoscaling.suspend-processes.
func NewSuspendProcesses(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[suspendParams, suspension]{
		Spec: action.Spec{
			Name:  "autoscaling.suspend-processes",
			Title: "Let an Auto Scaling group rest",
			Description: "Suspends processes of an Auto Scaling group. Without `Launch` it grows no further, however many requests come, and replaces no instance " +
				"that ends; without `Terminate` it ends none that is to be examined. What is suspended already stays so. The group doesn't heal itself " +
				"meanwhile: give `expires_in`.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["group_name", "processes"], "properties": {
  "group_name": {"type": "string", "minLength": 1, "maxLength": 255, "description": "name of the Auto Scaling group"},
  "processes": {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"enum": ["` + strings.Join(known, `", "`) + `"]},
    "description": "the processes to suspend"}}}`),
			Permissions: []string{"autoscaling:DescribeAutoScalingGroups", "autoscaling:SuspendProcesses", "autoscaling:ResumeProcesses"},
			Effect:      action.StateChecked,
			Evidence:    action.EventEvidence,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p suspendParams) ([]action.Resource, error) {
			for _, name := range p.Processes {
				if !slices.Contains(known, name) {
					return nil, fault.New(fault.Invalid, "%.50q is no process of Auto Scaling groups", name).WithHint("they are %s", strings.Join(known, ", "))
				}
			}
			if len(p.Processes) == 0 {
				return nil, fault.New(fault.Invalid, "no processes are named").WithHint(`give {"processes": ["Launch"]}`)
			}
			return find(ctx, cfg, req, p.Group)
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (suspension, error) {
			g, err := describe(ctx, cfg, r.Name)
			now := suspension{Suspended: []string{}}
			for _, p := range g.SuspendedProcesses {
				now.Suspended = append(now.Suspended, aws.ToString(p.ProcessName))
			}
			slices.Sort(now.Suspended)
			return now, err
		},
		Want: func(_ action.Resource, p suspendParams, now suspension) (suspension, string, error) {
			want := suspension{Suspended: append(slices.Clone(now.Suspended), p.Processes...)}
			slices.Sort(want.Suspended)
			want.Suspended = slices.Compact(want.Suspended)
			if more := missing(want.Suspended, now.Suspended); len(more) > 0 {
				return want, fmt.Sprintf("It goes on with %s.", strings.Join(more, ", ")), nil
			}
			return now, "Suspended already: " + strings.Join(now.Suspended, ", ") + ".", nil
		},
		Steps: func(r action.Resource, from, to suspension) ([]setting.Step[suspension], error) {
			step := setting.Step[suspension]{Operation: "SuspendProcesses", Leaves: to}
			changed := missing(to.Suspended, from.Suspended)
			if len(changed) == 0 {
				step.Operation, changed = "ResumeProcesses", missing(from.Suspended, to.Suspended)
			}
			step.Input = map[string]any{"AutoScalingGroupName": r.Name, "ScalingProcesses": changed}
			return []setting.Step[suspension]{step}, nil
		},
		Operations: map[string]setting.Operation{
			"SuspendProcesses": setting.Op(autoscaling.NewFromConfig, (*autoscaling.Client).SuspendProcesses),
			"ResumeProcesses":  setting.Op(autoscaling.NewFromConfig, (*autoscaling.Client).ResumeProcesses),
		},
	})
}

// missing is what of all is not there.
func missing(all, there []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(there, s) })
}
