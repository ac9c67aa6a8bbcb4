package autoscaling

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// groupParams name a group.
type groupParams struct {
	Group string `json:"group_name"`
}

// healthCheck is by what a group judges its instances.
type healthCheck struct {
	Type string `json:"health_check_type"` // EC2, or more, with commas

	balanced bool // it is behind a load balancer
}

// managedBy are the tags of groups that a service of AWS makes, and changes back.
var managedBy = map[string]string{
	"eks:nodegroup-name": "It belongs to a node group of EKS, which judges its nodes: look at the node group.",
	"AWSBatchServiceTag": "It belongs to a compute environment of AWS Batch: change that.",
}

// NewUseELBHealthChecks returns the action autoscaling.use-elb-health-checks.
func NewUseELBHealthChecks(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[groupParams, healthCheck]{
		Spec: action.Spec{
			Name:  "autoscaling.use-elb-health-checks",
			Title: "Judge a group's instances by the load balancer",
			Description: "Has an Auto Scaling group behind a load balancer replace what the load balancer finds unhealthy, too, and not only what EC2 does. " +
				"Instances whose targets are unhealthy at that time are replaced at once, all of them where the health check itself is wrong: " +
				"look at the targets first. The undo brings back no instance.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["group_name"], "properties": {
  "group_name": {"type": "string", "minLength": 1, "maxLength": 255, "description": "name of the Auto Scaling group"}}}`),
			Permissions: []string{"autoscaling:DescribeAutoScalingGroups", "autoscaling:UpdateAutoScalingGroup"},
			Effect:      action.StateChecked,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p groupParams) ([]action.Resource, error) {
			return find(ctx, cfg, req, p.Group)
		},
		Leave: func(_ context.Context, _ aws.Config, r action.Resource) (string, error) {
			for tag, why := range managedBy {
				if _, managed := r.Tags[tag]; managed {
					return why, nil
				}
			}
			return "", nil
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (healthCheck, error) {
			g, err := describe(ctx, cfg, r.Name)
			return healthCheck{aws.ToString(g.HealthCheckType), len(g.TargetGroupARNs)+len(g.LoadBalancerNames) > 0}, err
		},
		Want: func(_ action.Resource, _ groupParams, now healthCheck) (healthCheck, string, error) {
			kinds := strings.Split(now.Type, ",")
			switch {
			case !now.balanced:
				return now, "No load balancer is before it.", nil
			case slices.Contains(kinds, "ELB"):
				return now, "It judges its instances by the load balancer already.", nil
			}
			kinds = slices.DeleteFunc(kinds, func(kind string) bool { return kind == "EC2" || kind == "" }) // EC2's check is always made
			return healthCheck{Type: strings.Join(append(kinds, "ELB"), ",")}, "It keeps instances that the load balancer finds unhealthy.", nil
		},
		Steps: func(r action.Resource, _, to healthCheck) ([]setting.Step[healthCheck], error) {
			input := map[string]any{"AutoScalingGroupName": r.Name, "HealthCheckType": to.Type}
			return []setting.Step[healthCheck]{{Operation: "UpdateAutoScalingGroup", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"UpdateAutoScalingGroup": setting.Op(autoscaling.NewFromConfig, (*autoscaling.Client).UpdateAutoScalingGroup),
		},
	})
}
