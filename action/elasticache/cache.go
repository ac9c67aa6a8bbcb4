// Package elasticache has the actions on Amazon ElastiCache: caches that are not backed up, mended, or replaced when they fail.
package elasticache

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/elasticache/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// The kinds of caches.
const (
	groupType   = "AWS::ElastiCache::ReplicationGroup"
	clusterType = "AWS::ElastiCache::CacheCluster"
)

// cacheParams name a cache: a replication group, or a cluster, which may be a node of one.
type cacheParams struct {
	Group   string `json:"replication_group,omitempty"`
	Cluster string `json:"cluster,omitempty"`
}

const cacheSchema = `{
  "type": "object",
  "additionalProperties": false,
  "oneOf": [{"required": ["replication_group"]}, {"required": ["cluster"]}],
  "properties": {
    "replication_group": {"type": "string", "minLength": 1, "description": "id or ARN of the replication group"},
    "cluster": {"type": "string", "minLength": 1, "description": "id or ARN of the cluster; one that belongs to a replication group stands for the group"}
  }
}`

// findCache returns the group or the cluster with its tags.
func findCache(ctx context.Context, cfg aws.Config, req action.Request, p cacheParams) ([]action.Resource, error) {
	if (p.Group == "") == (p.Cluster == "") {
		return nil, fault.New(fault.Invalid, "no cache is named, or two").WithHint(`give {"replication_group": "sessions"}, or {"cluster": "sessions"} for one without`)
	}
	group := p.Group
	r := action.Resource{Type: clusterType, Account: req.Account, Region: req.Region, Tags: map[string]string{}}
	if p.Cluster != "" {
		c, err := describeCluster(ctx, cfg, lastPart(p.Cluster))
		if err != nil {
			return nil, err
		}
		r.ARN, r.Name, group = aws.ToString(c.ARN), aws.ToString(c.CacheClusterId), aws.ToString(c.ReplicationGroupId)
	}
	if group != "" {
		g, err := describeGroup(ctx, cfg, lastPart(group))
		if err != nil {
			return nil, err
		}
		r.Type, r.ARN, r.Name = groupType, aws.ToString(g.ARN), aws.ToString(g.ReplicationGroupId)
	}
	tags, err := elasticache.NewFromConfig(cfg).ListTagsForResource(ctx, &elasticache.ListTagsForResourceInput{ResourceName: &r.ARN})
	if err != nil {
		return nil, awscall.Fault(err, "elasticache:ListTagsForResource", "read the tags of the cache %s", r.Name)
	}
	for _, t := range tags.TagList {
		r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return []action.Resource{r}, nil
}

func lastPart(idOrARN string) string { return idOrARN[strings.LastIndex(idOrARN, ":")+1:] }

func describeGroup(ctx context.Context, cfg aws.Config, id string) (types.ReplicationGroup, error) {
	out, err := elasticache.NewFromConfig(cfg).DescribeReplicationGroups(ctx, &elasticache.DescribeReplicationGroupsInput{ReplicationGroupId: &id})
	if err != nil || len(out.ReplicationGroups) == 0 {
		return types.ReplicationGroup{}, gone(err, "elasticache:DescribeReplicationGroups", "replication group "+id)
	}
	return out.ReplicationGroups[0], nil
}

func describeCluster(ctx context.Context, cfg aws.Config, id string) (types.CacheCluster, error) {
	out, err := elasticache.NewFromConfig(cfg).DescribeCacheClusters(ctx, &elasticache.DescribeCacheClustersInput{CacheClusterId: &id})
	if err != nil || len(out.CacheClusters) == 0 {
		return types.CacheCluster{}, gone(err, "elasticache:DescribeCacheClusters", "cache cluster "+id)
	}
	return out.CacheClusters[0], nil
}

// gone is the error for what ElastiCache doesn't show.
func gone(err error, permission, what string) error {
	if err == nil {
		err = fault.New(fault.NotFound, "AWS shows no %s", what)
	}
	return awscall.Missing(awscall.Fault(err, permission, "look at the %s", what), "there is no "+what, "it was deleted, or it is in another region")
}

// settled is an escalation for a cache that takes no changes now, nil for one that does.
func settled(status string) error {
	if status == "available" || status == "" {
		return nil
	}
	return setting.Escalation("The cache is " + status + ": try again when it is available.")
}

var (
	groupPermissions = []string{"elasticache:DescribeReplicationGroups", "elasticache:ListTagsForResource", "elasticache:ModifyReplicationGroup"}
	permissions      = append([]string{"elasticache:DescribeCacheClusters", "elasticache:ModifyCacheCluster"}, groupPermissions...)
)

var operations = map[string]setting.Operation{
	"ModifyReplicationGroup": setting.Op(elasticache.NewFromConfig, (*elasticache.Client).ModifyReplicationGroup),
	"ModifyCacheCluster":     setting.Op(elasticache.NewFromConfig, (*elasticache.Client).ModifyCacheCluster),
}

// modify is the call that sets members of a group or a cluster.
func modify[S any](r action.Resource, members map[string]any, to S) ([]setting.Step[S], error) {
	operation, id := "ModifyCacheCluster", "CacheClusterId"
	if r.Type == groupType {
		operation, id = "ModifyReplicationGroup", "ReplicationGroupId"
	}
	members[id] = r.Name
	return []setting.Step[S]{{Operation: operation, Input: members, Leaves: to}}, nil
}
