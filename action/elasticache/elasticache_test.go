package elasticache_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/elasticache/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/elasticache"
)

// cloud is a sandbox with a replication group of two nodes and a cluster without replicas.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	c.group("sessions", func(in *sdk.CreateReplicationGroupInput) { in.NumCacheClusters = aws.Int32(2) })
	c.cluster("fragments", "redis")
	return c
}

var tags = []types.Tag{{Key: aws.String("team"), Value: aws.String("payments")}}

func (c cloud) group(id string, change func(*sdk.CreateReplicationGroupInput)) {
	c.T.Helper()
	in := &sdk.CreateReplicationGroupInput{
		ReplicationGroupId: &id, ReplicationGroupDescription: aws.String("x"), CacheNodeType: aws.String("cache.t4g.micro"), AutoMinorVersionUpgrade: aws.Bool(false), Tags: tags,
	}
	change(in)
	_, err := c.client.CreateReplicationGroup(c.T.Context(), in)
	c.Must(err)
}

func (c cloud) cluster(id, engine string) {
	c.T.Helper()
	_, err := c.client.CreateCacheCluster(c.T.Context(), &sdk.CreateCacheClusterInput{
		CacheClusterId: &id, Engine: &engine, CacheNodeType: aws.String("cache.t4g.micro"), AutoMinorVersionUpgrade: aws.Bool(false), Tags: tags,
	})
	c.Must(err)
}

func (c cloud) modify(in sdk.ModifyReplicationGroupInput) {
	c.T.Helper()
	in.ReplicationGroupId = aws.String("sessions")
	_, err := c.client.ModifyReplicationGroup(c.T.Context(), &in)
	c.Must(err)
}

// state is all that the undo of any of the actions must restore.
func (c cloud) state() string {
	c.T.Helper()
	groups, err := c.client.DescribeReplicationGroups(c.T.Context(), &sdk.DescribeReplicationGroupsInput{ReplicationGroupId: aws.String("sessions")})
	c.Must(err)
	clusters, err := c.client.DescribeCacheClusters(c.T.Context(), &sdk.DescribeCacheClustersInput{CacheClusterId: aws.String("fragments")})
	c.Must(err)
	g, x := groups.ReplicationGroups[0], clusters.CacheClusters[0]
	return fmt.Sprint(*g.SnapshotRetentionLimit, aws.ToString(g.SnapshottingClusterId), *g.AutoMinorVersionUpgrade, g.AutomaticFailover, *x.SnapshotRetentionLimit, *x.AutoMinorVersionUpgrade)
}

const ofGroup, ofCluster = `{"replication_group":"sessions"}`, `{"cluster":"fragments"}`

func TestConformance(t *testing.T) {
	ofGroups := []string{"elasticache:DescribeCacheClusters", "elasticache:ModifyCacheCluster"}
	ofClusters := []string{"elasticache:DescribeReplicationGroups", "elasticache:ModifyReplicationGroup"}
	for _, tt := range []struct {
		name, params, missing string
		newAction             actiontest.NewAction
		elsewhere             []string
		interfere             func(cloud)
	}{
		{"backups of a group", ofGroup, `{"replication_group":"none"}`, elasticache.NewEnableBackups, ofGroups, func(c cloud) {
			c.modify(sdk.ModifyReplicationGroupInput{SnapshotRetentionLimit: aws.Int32(9)})
		}},
		{"backups of a cluster", ofCluster, `{"cluster":"none"}`, elasticache.NewEnableBackups, ofClusters, nil},
		{"upgrades of a group, by a node", `{"cluster":"sessions-002"}`, `{"cluster":"none"}`, elasticache.NewEnableMinorUpgrades,
			[]string{"elasticache:ModifyCacheCluster"}, nil},
		{"upgrades of a cluster", `{"cluster":"arn:aws:elasticache:eu-west-1:111122223333:cluster:fragments"}`, `{"cluster":"none"}`,
			elasticache.NewEnableMinorUpgrades, ofClusters, nil},
		{"failover", ofGroup, `{"replication_group":"none"}`, elasticache.NewEnableFailover, nil, func(c cloud) {
			c.modify(sdk.ModifyReplicationGroupInput{MultiAZEnabled: aws.Bool(true), ApplyImmediately: aws.Bool(true)})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				w := c.World(tt.newAction, tt.params, tt.missing, c.state)
				w.Elsewhere = tt.elsewhere
				w.Interfere = actiontest.On(c, tt.interfere)
				return w
			})
		})
	}
}

func TestWhatIsLeft(t *testing.T) {
	for _, tt := range []struct {
		name, params string
		newAction    actiontest.NewAction
		spoil        func(cloud)
		status       action.Status
		says         string
	}{
		{"backed up", ofGroup, elasticache.NewEnableBackups, func(c cloud) {
			c.modify(sdk.ModifyReplicationGroupInput{SnapshotRetentionLimit: aws.Int32(3), SnapshottingClusterId: aws.String("sessions-001")})
		}, action.Unneeded, "3 days"},
		{"memcached", `{"cluster":"pages"}`, elasticache.NewEnableBackups, func(c cloud) { c.cluster("pages", "memcached") }, action.Escalated, "Memcached"},
		{"upgrades itself", ofGroup, elasticache.NewEnableMinorUpgrades, func(c cloud) {
			c.modify(sdk.ModifyReplicationGroupInput{AutoMinorVersionUpgrade: aws.Bool(true)})
		}, action.Unneeded, "already"},
		{"shards", `{"replication_group":"big"}`, elasticache.NewEnableFailover, func(c cloud) {
			c.group("big", func(in *sdk.CreateReplicationGroupInput) {
				in.NumNodeGroups, in.ReplicasPerNodeGroup = aws.Int32(2), aws.Int32(1)
			})
		}, action.Unneeded, "already"},
		{"no replica", `{"replication_group":"alone"}`, elasticache.NewEnableFailover, func(c cloud) {
			c.group("alone", func(*sdk.CreateReplicationGroupInput) {})
		}, action.Escalated, "no replica"},
		{"another change waits", ofGroup, elasticache.NewEnableFailover, func(c cloud) {
			c.modify(sdk.ModifyReplicationGroupInput{CacheNodeType: aws.String("cache.r7g.large")})
		}, action.Escalated, "sessions-001 wait"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.spoil(c)
			item := c.Plan(tt.newAction, tt.params)
			actiontest.Want(t, item, tt.status, tt.says)
			if item.Resource.Tags["team"] != "payments" {
				t.Errorf("%+v, want its tags", item.Resource)
			}
		})
	}
}

// Where the nodes of a group are known by their roles, a replica is backed up; with several shards ElastiCache chooses.
func TestWhatIsBackedUp(t *testing.T) {
	c := newCloud(t)
	c.group("big", func(in *sdk.CreateReplicationGroupInput) { in.NumNodeGroups = aws.Int32(2) })
	c.group("alone", func(*sdk.CreateReplicationGroupInput) {})
	a := c.Action(elasticache.NewEnableBackups)
	for id, want := range map[string]string{"sessions": "sessions-002", "alone": "alone-001", "big": ""} {
		c.Do(a, c.Item(a, actiontest.Request(`{"replication_group":"`+id+`"}`)))
		out, err := c.client.DescribeReplicationGroups(t.Context(), &sdk.DescribeReplicationGroupsInput{ReplicationGroupId: &id})
		c.Must(err)
		if g := out.ReplicationGroups[0]; aws.ToString(g.SnapshottingClusterId) != want || *g.SnapshotRetentionLimit != 1 {
			t.Errorf("of %s %q is backed up for %d days, want %q for one", id, aws.ToString(g.SnapshottingClusterId), *g.SnapshotRetentionLimit, want)
		}
	}
}
