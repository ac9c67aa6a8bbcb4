package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

func (c *call) cacheGroup() (*cacheGroup, error) {
	id := c.in.str("ReplicationGroupId")
	g := firstWhere(c.caches().groups, func(g *cacheGroup) bool { return strings.EqualFold(g.id, id) })
	if g == nil {
		return nil, wire.Errorf("ReplicationGroupNotFoundFault", "ReplicationGroup %s not found.", id)
	}
	return g, nil
}

func createCacheGroup(c *call) (wire.Object, error) {
	if g, _ := c.cacheGroup(); g != nil {
		return nil, wire.Errorf("ReplicationGroupAlreadyExists", "Replication group %s already exists.", g.id)
	}
	g := &cacheGroup{
		cache: c.newCache(c.in.str("ReplicationGroupId")), shards: 1, nodes: c.in.number("NumCacheClusters", 1),
		failover: c.in.flag("AutomaticFailoverEnabled", false), multiAZ: c.in.flag("MultiAZEnabled", false),
	}
	if c.in.has("NumNodeGroups") {
		g.sharded, g.shards, g.nodes, g.failover = true, c.in.number("NumNodeGroups", 1), 1+c.in.number("ReplicasPerNodeGroup", 0), true
	}
	if g.failover && !g.sharded && g.nodes < 2 {
		return nil, wire.Errorf("InvalidParameterCombination", "Automatic failover needs a replica at least.")
	}
	if g.retention > 0 && !g.sharded {
		g.source = g.members()[0]
	}
	s := c.caches()
	s.groups = append(s.groups, g)
	c.subject("AWS::ElastiCache::ReplicationGroup", g.id)
	return wire.Object{"ReplicationGroup": g.describe(c)}, nil
}

func onOff(on bool) string {
	if on {
		return "enabled"
	}
	return "disabled"
}

func (g *cacheGroup) describe(c *call) wire.Object {
	members := g.members()
	groups := wire.List{}
	for shard := range g.shards {
		nodes := wire.List{}
		for node, id := range members[shard*g.nodes : (shard+1)*g.nodes] {
			n := wire.Object{"CacheClusterId": id, "CacheNodeId": "0001"}
			if !g.sharded {
				n["CurrentRole"] = "replica"
				if node == 0 {
					n["CurrentRole"] = "primary"
				}
			}
			nodes = append(nodes, n)
		}
		groups = append(groups, wire.Object{"NodeGroupId": fmt.Sprintf("%04d", shard+1), "Status": "available", "NodeGroupMembers": nodes})
	}
	out := wire.Object{
		"ReplicationGroupId": g.id, "ARN": c.arn("replicationgroup:" + g.id), "Status": "available", "ClusterEnabled": g.sharded, "NodeGroups": groups,
		"MemberClusters": strList(members), "AutomaticFailover": onOff(g.failover), "MultiAZ": onOff(g.multiAZ), "SnapshotRetentionLimit": int64(g.retention),
		"AutoMinorVersionUpgrade": g.upgrades, "CacheNodeType": g.nodeType, "PendingModifiedValues": wire.Object{}, "ReplicationGroupCreateTime": g.created,
	}
	put(out, "SnapshottingClusterId", g.source)
	return out
}

func describeCacheGroups(c *call) (wire.Object, error) {
	var all []wire.Object
	for _, g := range c.caches().groups {
		all = append(all, g.describe(c))
	}
	return c.cachePage("ReplicationGroups", "ReplicationGroupId", "ReplicationGroupNotFoundFault", all)
}

// modifyCacheGroup leaves the failover to a maintenance window, which never
// comes, unless it is to change at once.
func modifyCacheGroup(c *call) (wire.Object, error) {
	g, err := c.cacheGroup()
	if err != nil {
		return nil, err
	}
	next := *g
	next.source = orElse(c.in.str("SnapshottingClusterId"), g.source)
	if c.in.flag("ApplyImmediately", false) {
		next.failover, next.multiAZ = c.in.flag("AutomaticFailoverEnabled", g.failover), c.in.flag("MultiAZEnabled", g.multiAZ)
	}
	if err := next.modify(c); err != nil {
		return nil, err
	}
	switch {
	case c.in.has("SnapshottingClusterId") && (g.sharded || !slices.Contains(g.members(), next.source)):
		return nil, wire.Errorf("InvalidParameterCombination", "SnapshottingClusterId %s can't be set.", next.source)
	case next.retention > 0 && next.source == "" && !g.sharded:
		return nil, wire.Errorf("InvalidParameterCombination", "SnapshottingClusterId is required to begin with backups.")
	case next.failover && !g.sharded && g.nodes < 2:
		return nil, wire.Errorf("InvalidParameterCombination", "Automatic failover needs a replica at least.")
	case !next.failover && (g.sharded || next.multiAZ):
		return nil, wire.Errorf("InvalidParameterCombination", "Automatic failover can't be disabled with several shards or Multi-AZ.")
	}
	if next.retention == 0 {
		next.source = ""
	}
	*g = next
	c.subject("AWS::ElastiCache::ReplicationGroup", g.id)
	return wire.Object{"ReplicationGroup": g.describe(c)}, nil
}
