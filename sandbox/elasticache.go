package sandbox

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// elasticacheService answers for caches, which store nothing and change at once
// (https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_Operations.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticache.html.
func elasticacheService() *service {
	cluster := func(c *call) []string { return []string{c.arn("cluster:" + orElse(c.in.str("CacheClusterId"), "*"))} }
	group := func(c *call) []string {
		return []string{c.arn("replicationgroup:" + orElse(c.in.str("ReplicationGroupId"), "*"))}
	}
	return &service{
		name: "elasticache", prefix: "elasticache",
		operations: []operation{
			{name: "CreateCacheCluster", resources: cluster, handle: createCache},
			{name: "DescribeCacheClusters", resources: cluster, handle: describeCaches},
			{name: "ModifyCacheCluster", resources: cluster, handle: modifyCache},
			{name: "CreateReplicationGroup", resources: group, handle: createCacheGroup},
			{name: "DescribeReplicationGroups", resources: group, handle: describeCacheGroups},
			{name: "ModifyReplicationGroup", resources: group, handle: modifyCacheGroup},
			{name: "ListTagsForResource", resources: func(c *call) []string { return []string{c.in.str("ResourceName")} }, handle: listCacheTags},
		},
	}
}

// caches are the clusters without replicas and the replication groups of an
// account in a region.
type caches struct {
	clusters []*cache
	groups   []*cacheGroup
}

// cache is what clusters and groups share.
type cache struct {
	id, engine, nodeType string
	waits                string // node type that waits for the maintenance window
	retention            int    // days that backups are kept; 0: none are made
	upgrades             bool
	created              time.Time
	tags                 map[string]string
}

type cacheGroup struct {
	cache
	source            string // of the backups
	sharded           bool   // "cluster mode enabled"
	shards, nodes     int    // nodes of a shard
	failover, multiAZ bool
}

func newCaches() *caches { return &caches{} }

func (s *caches) clone() stater {
	out := newCaches()
	for _, x := range s.clusters {
		c := *x
		c.tags = maps.Clone(x.tags)
		out.clusters = append(out.clusters, &c)
	}
	for _, x := range s.groups {
		c := *x
		c.tags = maps.Clone(x.tags)
		out.groups = append(out.groups, &c)
	}
	return out
}

func (c *call) caches() *caches {
	return stateOf(c, stateKey{"elasticache", c.account.id, c.region}, newCaches)
}

func (c *call) newCache(id string) cache {
	return cache{
		id: lower(id), engine: orElse(c.in.str("Engine"), "redis"), nodeType: c.in.str("CacheNodeType"), retention: c.in.number("SnapshotRetentionLimit", 0),
		upgrades: c.in.flag("AutoMinorVersionUpgrade", true), created: c.time.UTC(), tags: c.inputTags(),
	}
}

// modify changes what needs no node to restart, and the node type when it may.
func (x *cache) modify(c *call) error {
	days := c.in.number("SnapshotRetentionLimit", x.retention)
	switch {
	case days < 0 || days > 35:
		return wire.Errorf("InvalidParameterValue", "SnapshotRetentionLimit must be between 0 and 35.")
	case days > 0 && x.engine == "memcached":
		return wire.Errorf("InvalidParameterCombination", "Snapshots are not supported by memcached.")
	}
	x.retention, x.upgrades = days, c.in.flag("AutoMinorVersionUpgrade", x.upgrades)
	x.waits = orElse(c.in.str("CacheNodeType"), x.waits)
	if c.in.flag("ApplyImmediately", false) {
		x.nodeType, x.waits = orElse(x.waits, x.nodeType), ""
	}
	return nil
}

func (x *cache) pending() wire.Object {
	out := wire.Object{}
	put(out, "CacheNodeType", x.waits)
	return out
}

func createCache(c *call) (wire.Object, error) {
	id := c.in.str("CacheClusterId")
	if firstWhere(c.caches().clusters, func(x *cache) bool { return strings.EqualFold(x.id, id) }) != nil {
		return nil, wire.Errorf("CacheClusterAlreadyExists", "Cache cluster already exists")
	}
	x := c.newCache(id)
	s := c.caches()
	s.clusters = append(s.clusters, &x)
	return wire.Object{"CacheCluster": x.describe(c)}, nil
}

func (x *cache) describe(c *call) wire.Object {
	return wire.Object{
		"CacheClusterId": x.id, "ARN": c.arn("cluster:" + x.id), "Engine": x.engine, "CacheNodeType": x.nodeType, "CacheClusterStatus": "available",
		"NumCacheNodes": int64(1), "AutoMinorVersionUpgrade": x.upgrades, "SnapshotRetentionLimit": int64(x.retention),
		"PendingModifiedValues": x.pending(), "CacheClusterCreateTime": x.created,
	}
}

// members are the clusters of a group.
func (g *cacheGroup) members() []string {
	var out []string
	for shard := range g.shards {
		for node := range g.nodes {
			if g.sharded {
				out = append(out, fmt.Sprintf("%s-%04d-%03d", g.id, shard+1, node+1))
				continue
			}
			out = append(out, fmt.Sprintf("%s-%03d", g.id, node+1))
		}
	}
	return out
}

func describeCaches(c *call) (wire.Object, error) {
	var all []wire.Object
	for _, x := range c.caches().clusters {
		all = append(all, x.describe(c))
	}
	for _, g := range c.caches().groups {
		for _, id := range g.members() {
			member := g.cache
			member.id = id
			shown := member.describe(c)
			shown["ReplicationGroupId"] = g.id
			all = append(all, shown)
		}
	}
	return c.cachePage("CacheClusters", "CacheClusterId", "CacheClusterNotFound", all)
}

// cachePage is a page of what is described, or the one that the input names.
func (c *call) cachePage(member, id, missing string, all []wire.Object) (wire.Object, error) {
	if wanted := c.in.str(id); wanted != "" {
		var found []wire.Object
		for _, o := range all {
			if strings.EqualFold(input(o).str(id), wanted) {
				found = append(found, o)
			}
		}
		if all = found; len(all) == 0 {
			return nil, wire.Errorf(missing, "%s not found.", wanted)
		}
	}
	return markerPage(c, member, all, func(o wire.Object) any { return o })
}

func modifyCache(c *call) (wire.Object, error) {
	id := c.in.str("CacheClusterId")
	x := firstWhere(c.caches().clusters, func(x *cache) bool { return strings.EqualFold(x.id, id) })
	if x == nil {
		return nil, wire.Errorf("CacheClusterNotFound", "CacheCluster not found: %s", id)
	}
	if err := x.modify(c); err != nil {
		return nil, err
	}
	return wire.Object{"CacheCluster": x.describe(c)}, nil
}

func listCacheTags(c *call) (wire.Object, error) {
	name := c.in.str("ResourceName")
	for _, x := range c.caches().clusters {
		if c.arn("cluster:"+x.id) == name {
			return wire.Object{"TagList": tagList(x.tags)}, nil
		}
	}
	for _, g := range c.caches().groups {
		if c.arn("replicationgroup:"+g.id) == name {
			return wire.Object{"TagList": tagList(g.tags)}, nil
		}
	}
	return nil, wire.Errorf("InvalidARN", "The requested Amazon Resource Name (ARN) does not refer to an existing resource.")
}
