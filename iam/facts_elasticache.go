package iam

var elasticacheFacts = map[string][]string{
	"elasticache:DescribeCacheClusters":     cacheClusters,
	"elasticache:DescribeReplicationGroups": cacheGroups,
	"elasticache:ListTagsForResource":       {cacheClusters[0], cacheGroups[0]},
	"elasticache:ModifyCacheCluster":        cacheClusters,
	"elasticache:ModifyReplicationGroup":    cacheGroups,
}

var (
	cacheClusters = []string{"arn:P:elasticache:*:A:cluster:*"}
	cacheGroups   = []string{"arn:P:elasticache:*:A:replicationgroup:*"}
)
