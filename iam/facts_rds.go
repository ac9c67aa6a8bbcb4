package iam

var rdsFacts = map[string][]string{
	"rds:DescribeDBInstances":          databases,
	"rds:DescribeDBSnapshotAttributes": databaseSnapshots,
	"rds:DescribeDBSnapshots":          {"arn:P:rds:*:A:db:*", "arn:P:rds:*:A:snapshot:*"},
	"rds:ModifyDBInstance":             databases,
	"rds:ModifyDBSnapshotAttribute":    databaseSnapshots,
}

var (
	databases         = []string{"arn:P:rds:*:A:db:*"}
	databaseSnapshots = []string{"arn:P:rds:*:A:snapshot:*"}
)
