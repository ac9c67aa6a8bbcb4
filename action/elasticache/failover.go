package elasticache

import (
	"context"
	"encoding/json"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

type groupParams struct {
	Group string `json:"replication_group"`
}

// failover is whether a replica takes the place of a primary that fails.
type failover struct {
	Automatic types.AutomaticFailoverStatus `json:"automatic_failover"` // enabled, disabled, and on the way there
	MultiAZ   types.MultiAZStatus           `json:"multi_az"`

	status  string
	nodes   int
	waiting string // node for which other changes wait for the maintenance window
}

// NewEnableFailover returns the action elasticache.enable-automatic-failover.
func NewEnableFailover(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[groupParams, failover]{
		Spec: action.Spec{
			Name:  "elasticache.enable-automatic-failover",
			Title: "Let a replica take the place of a primary that fails",
			Description: "Switches automatic failover on for a replication group that has a replica. The group goes on. One without a replica, and one with " +
				"changes that wait for the maintenance window, are left to people: replicas are billed, and the changes would come at once.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["replication_group"], "properties": {
  "replication_group": {"type": "string", "minLength": 1, "description": "id or ARN of the replication group"}}}`),
			Permissions: append([]string{"elasticache:DescribeCacheClusters"}, groupPermissions...),
			Effect:      action.StateChecked, TakesSeconds: 1800,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p groupParams) ([]action.Resource, error) {
			if p.Group == "" {
				return nil, fault.New(fault.Invalid, "no replication group is named").WithHint(`give {"replication_group": "sessions"}`)
			}
			return findCache(ctx, cfg, req, cacheParams{Group: p.Group})
		},
		Read: readFailover,
		Want: func(_ action.Resource, _ groupParams, now failover) (failover, string, error) {
			switch {
			case now.Automatic == types.AutomaticFailoverStatusEnabled:
				return now, "A replica takes its primary's place already.", nil
			case now.nodes < 2:
				return now, "", setting.Escalation("It has no replica that could take its primary's place: add one first.")
			case now.waiting != "":
				return now, "", setting.Escalation("Other changes of " + now.waiting + " wait for the maintenance window and would come with this one: see which, and apply or take them back first.")
			}
			want := failover{Automatic: types.AutomaticFailoverStatusEnabled, MultiAZ: now.MultiAZ}
			return want, "Where its primary fails, nothing takes its place.", settled(now.status)
		},
		Steps: func(r action.Resource, _, to failover) ([]setting.Step[failover], error) {
			return modify(r, map[string]any{"AutomaticFailoverEnabled": to.Automatic == types.AutomaticFailoverStatusEnabled, "ApplyImmediately": true}, to)
		},
		Operations: operations,
	})
}

func readFailover(ctx context.Context, cfg aws.Config, r action.Resource) (failover, error) {
	g, err := describeGroup(ctx, cfg, r.Name)
	now := failover{Automatic: g.AutomaticFailover, MultiAZ: g.MultiAZ, status: aws.ToString(g.Status), nodes: len(g.MemberClusters)}
	if err != nil || now.Automatic == types.AutomaticFailoverStatusEnabled {
		return now, err
	}
	for _, id := range g.MemberClusters {
		c, err := describeCluster(ctx, cfg, id)
		if err != nil {
			return now, err
		}
		if p := c.PendingModifiedValues; p != nil && !reflect.ValueOf(*p).IsZero() && now.waiting == "" {
			now.waiting = id
		}
	}
	return now, nil
}
