package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"

	"riposte.dev/sandbox"
)

func TestElastiCache(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := elasticache.NewFromConfig(w.config(w.root, "eu-west-1"))
	create := func(id string, change func(*elasticache.CreateReplicationGroupInput)) error {
		in := &elasticache.CreateReplicationGroupInput{ReplicationGroupId: &id, ReplicationGroupDescription: aws.String("x")}
		change(in)
		_, err := client.CreateReplicationGroup(ctx, in)
		return err
	}
	two := func(in *elasticache.CreateReplicationGroupInput) { in.NumCacheClusters = aws.Int32(2) }
	must(t, create("a", two))
	wantCode(t, create("A", two), "ReplicationGroupAlreadyExists")
	wantCode(t, create("b", func(in *elasticache.CreateReplicationGroupInput) { in.AutomaticFailoverEnabled = aws.Bool(true) }), "InvalidParameterCombination")
	must(t, create("c", func(in *elasticache.CreateReplicationGroupInput) {
		in.NumNodeGroups, in.ReplicasPerNodeGroup = aws.Int32(2), aws.Int32(1)
	}))
	var members []string
	for p := elasticache.NewDescribeCacheClustersPaginator(client, &elasticache.DescribeCacheClustersInput{MaxRecords: aws.Int32(4)}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		must(t, err)
		for _, x := range page.CacheClusters {
			members = append(members, *x.CacheClusterId)
		}
	}
	if len(members) != 6 || members[1] != "a-002" || members[5] != "c-0002-002" {
		t.Errorf("the clusters are %v", members)
	}
	modify := func(id string, change func(*elasticache.ModifyReplicationGroupInput)) error {
		in := &elasticache.ModifyReplicationGroupInput{ReplicationGroupId: &id, ApplyImmediately: aws.Bool(true)}
		change(in)
		_, err := client.ModifyReplicationGroup(ctx, in)
		return err
	}
	for code, err := range map[string]error{
		"ReplicationGroupNotFoundFault": modify("none", func(*elasticache.ModifyReplicationGroupInput) {}),
		"InvalidParameterValue":         modify("a", func(in *elasticache.ModifyReplicationGroupInput) { in.SnapshotRetentionLimit = aws.Int32(36) }),
		"InvalidParameterCombination":   modify("a", func(in *elasticache.ModifyReplicationGroupInput) { in.SnapshotRetentionLimit = aws.Int32(1) }),
	} {
		wantCode(t, err, code)
	}
	wantCode(t, modify("c", func(in *elasticache.ModifyReplicationGroupInput) { in.AutomaticFailoverEnabled = aws.Bool(false) }), "InvalidParameterCombination")
	_, err := client.ListTagsForResource(ctx, &elasticache.ListTagsForResourceInput{ResourceName: aws.String("arn:aws:elasticache:eu-west-1:111122223333:cluster:none")})
	wantCode(t, err, "InvalidARN")
	if got := w.cli("eu-west-1", "elasticache", "modify-replication-group", "--replication-group-id", "a", "--automatic-failover-enabled", "--apply-immediately",
		"--query", "ReplicationGroup.AutomaticFailover", "--output", "text"); got != "enabled" {
		t.Errorf("its failover is %q", got)
	}
}
