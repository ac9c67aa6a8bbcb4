package elasticache

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// upgrades is whether ElastiCache mends a cache by itself.
type upgrades struct {
	Automatic bool `json:"auto_minor_version_upgrade"`

	status string
}

// NewEnableMinorUpgrades returns the action elasticache.enable-minor-upgrades.
func NewEnableMinorUpgrades(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[cacheParams, upgrades]{
		Spec: action.Spec{
			Name:  "elasticache.enable-minor-upgrades",
			Title: "Let a cache upgrade itself to minor versions",
			Description: "Has ElastiCache upgrade a cache to new minor versions in its maintenance window. Nothing happens now; an upgrade interrupts the cache for " +
				"a moment then.",
			Parameters:  json.RawMessage(cacheSchema),
			Permissions: permissions,
			Effect:      action.StateChecked,
		},
		Find: findCache,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (upgrades, error) {
			if r.Type == groupType {
				g, err := describeGroup(ctx, cfg, r.Name)
				return upgrades{aws.ToBool(g.AutoMinorVersionUpgrade), aws.ToString(g.Status)}, err
			}
			c, err := describeCluster(ctx, cfg, r.Name)
			return upgrades{aws.ToBool(c.AutoMinorVersionUpgrade), aws.ToString(c.CacheClusterStatus)}, err
		},
		Want: func(_ action.Resource, _ cacheParams, now upgrades) (upgrades, string, error) {
			if now.Automatic {
				return now, "It upgrades itself already.", nil
			}
			return upgrades{Automatic: true}, "It stays at its minor version, with the faults that are known of it.", settled(now.status)
		},
		Steps: func(r action.Resource, _, to upgrades) ([]setting.Step[upgrades], error) {
			return modify(r, map[string]any{"AutoMinorVersionUpgrade": to.Automatic}, to)
		},
		Operations: operations,
	})
}

// backups is how long the backups that ElastiCache makes every day are kept.
type backups struct {
	Days int32 `json:"snapshot_retention_days"` // 0: none are made

	status, engine string
	source         string // node that backups are to be made of, where it must be named
}

// NewEnableBackups returns the action elasticache.enable-backups.
func NewEnableBackups(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[cacheParams, backups]{
		Spec: action.Spec{
			Name:  "elasticache.enable-backups",
			Title: "Back a cache up every day",
			Description: "Has ElastiCache back a cache up every day, of a replica where there is one, and keep the backups for a day. The node that is backed up needs " +
				"memory for it and may be slow meanwhile; backups are billed. The undo ends them and deletes those that were made. Memcached knows no backups.",
			Parameters:  json.RawMessage(cacheSchema),
			Permissions: permissions,
			Effect:      action.StateChecked,
		},
		Find: findCache, Read: readBackups,
		Want: func(_ action.Resource, _ cacheParams, now backups) (backups, string, error) {
			switch {
			case now.Days > 0:
				return now, fmt.Sprintf("Its backups are kept for %d days already.", now.Days), nil
			case now.engine == "memcached":
				return now, "", setting.Escalation("Memcached knows no backups: keep nothing in it that can't be made again.")
			}
			return backups{Days: 1}, "It has no backups.", settled(now.status)
		},
		Steps: func(r action.Resource, from, to backups) ([]setting.Step[backups], error) {
			members := map[string]any{"SnapshotRetentionLimit": to.Days}
			if to.Days > 0 && from.source != "" {
				members["SnapshottingClusterId"] = from.source
			}
			return modify(r, members, to)
		},
		Operations: operations,
	})
}

func readBackups(ctx context.Context, cfg aws.Config, r action.Resource) (backups, error) {
	if r.Type == clusterType {
		c, err := describeCluster(ctx, cfg, r.Name)
		return backups{Days: aws.ToInt32(c.SnapshotRetentionLimit), status: aws.ToString(c.CacheClusterStatus), engine: aws.ToString(c.Engine)}, err
	}
	g, err := describeGroup(ctx, cfg, r.Name)
	now := backups{Days: aws.ToInt32(g.SnapshotRetentionLimit), status: aws.ToString(g.Status)}
	if !aws.ToBool(g.ClusterEnabled) {
		now.source = backupNode(g)
	}
	return now, err
}

// backupNode is a replica of the group, or its only node.
func backupNode(g types.ReplicationGroup) string {
	for _, shard := range g.NodeGroups {
		for _, node := range shard.NodeGroupMembers {
			if aws.ToString(node.CurrentRole) == "replica" {
				return aws.ToString(node.CacheClusterId)
			}
		}
	}
	if len(g.MemberClusters) > 0 {
		return g.MemberClusters[0]
	}
	return ""
}
