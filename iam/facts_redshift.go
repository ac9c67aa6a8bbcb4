package iam

var redshiftFacts = map[string][]string{
	"redshift:DescribeClusters":      warehouses,
	"redshift:DescribeLoggingStatus": warehouses,
	"redshift:DisableLogging":        warehouses,
	"redshift:EnableLogging":         warehouses,
	"redshift:ModifyCluster":         warehouses,
}

var warehouses = []string{"arn:P:redshift:*:A:cluster:*"}
