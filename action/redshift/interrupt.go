package redshift

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

type routingParams struct {
	Cluster   string `json:"cluster"`
	Interrupt bool   `json:"interrupt,omitempty"`
}

// routing is whether what a cluster loads and unloads goes through its VPC.
type routing struct {
	Enhanced bool `json:"enhanced_vpc_routing"`

	status string
}

// NewEnableVPCRouting returns the action redshift.enable-vpc-routing.
func NewEnableVPCRouting(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[routingParams, routing]{
		Spec: action.Spec{
			Name:  "redshift.enable-vpc-routing",
			Title: "Keep a cluster's traffic in its VPC",
			Description: "Has COPY and UNLOAD of a cluster go through its VPC, where security groups, endpoint policies and flow logs see them. The cluster " +
				"restarts for that, and for the undo: it is done only with `interrupt`, and left to people without. Without an endpoint or a NAT gateway " +
				"that leads to S3, COPY and UNLOAD fail afterwards.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["cluster"], "properties": {
  ` + clusterProperty + `,
  "interrupt": {"type": "boolean", "description": "whether the cluster may restart"}}}`),
			Permissions: modifyPermissions,
			Effect:      action.StateChecked, TakesSeconds: takes,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p routingParams) ([]action.Resource, error) {
			return findCluster(ctx, cfg, req, clusterParams{p.Cluster})
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (routing, error) {
			c, err := describe(ctx, cfg, r.Name)
			return routing{aws.ToBool(c.EnhancedVpcRouting), aws.ToString(c.ClusterStatus)}, err
		},
		Want: func(_ action.Resource, p routingParams, now routing) (routing, string, error) {
			switch {
			case now.Enhanced:
				return now, "Its traffic goes through its VPC already.", nil
			case !p.Interrupt:
				return now, "", setting.Escalation("Its COPY and UNLOAD pass by its VPC. The cluster restarts to change that: see that S3 can be reached from the VPC, and plan it " +
					"again with interrupt when it may restart.")
			}
			return routing{Enhanced: true}, "Its COPY and UNLOAD pass by its VPC. The cluster restarts.", settled(now.status)
		},
		Steps: func(r action.Resource, _, to routing) ([]setting.Step[routing], error) {
			return modify(r, "EnhancedVpcRouting", to.Enhanced, to)
		},
		Operations: modifyOperations,
	})
}

type snapshotParams struct {
	Cluster string `json:"cluster"`
	Days    int    `json:"days,omitempty"`
}

// snapshots is how long the snapshots that Redshift makes by itself are kept.
type snapshots struct {
	Days int32 `json:"automated_snapshot_retention_days"` // 0: none are made

	status string
}

// leastDays is what the AWS Foundational Security Best Practices standard asks for (Redshift.3).
const leastDays = 7

// NewKeepSnapshots returns the action redshift.keep-snapshots.
func NewKeepSnapshots(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[snapshotParams, snapshots]{
		Spec: action.Spec{
			Name:  "redshift.keep-snapshots",
			Title: "Keep the snapshots of a cluster",
			Description: "Has Redshift keep the snapshots that it makes of a cluster by itself for a week or longer, and make some where it made none. The cluster " +
				"goes on; S3 storage beyond the cluster's own is billed. The undo goes back to the time before, and Redshift deletes the snapshots that are " +
				"older than that at once.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["cluster"], "properties": {
  ` + clusterProperty + `,
  "days": {"type": "integer", "minimum": 1, "maximum": 35, "description": "how long they are kept at least; 7 without this"}}}`),
			Permissions: modifyPermissions,
			Effect:      action.StateChecked, TakesSeconds: takes,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p snapshotParams) ([]action.Resource, error) {
			if p.Days < 0 || p.Days > 35 {
				return nil, fault.New(fault.Invalid, "snapshots can't be kept for %d days", p.Days).WithHint("give days from 1 to 35")
			}
			return findCluster(ctx, cfg, req, clusterParams{p.Cluster})
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (snapshots, error) {
			c, err := describe(ctx, cfg, r.Name)
			return snapshots{aws.ToInt32(c.AutomatedSnapshotRetentionPeriod), aws.ToString(c.ClusterStatus)}, err
		},
		Want: func(_ action.Resource, p snapshotParams, now snapshots) (snapshots, string, error) {
			days := int32(leastDays)
			if p.Days > 0 {
				days = int32(p.Days) //nolint:gosec // at most 35
			}
			switch {
			case now.Days >= days:
				return now, fmt.Sprintf("Its snapshots are kept for %d days already.", now.Days), nil
			case now.Days == 0:
				return snapshots{Days: days}, "Redshift makes no snapshots of it.", settled(now.status)
			}
			return snapshots{Days: days}, fmt.Sprintf("Its snapshots are kept for %d days only.", now.Days), settled(now.status)
		},
		Steps: func(r action.Resource, _, to snapshots) ([]setting.Step[snapshots], error) {
			return modify(r, "AutomatedSnapshotRetentionPeriod", to.Days, to)
		},
		Operations: modifyOperations,
	})
}
