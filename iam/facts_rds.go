package iam

var rdsFacts = map[string][]string{
	"rds:DescribeDBInstances":          databases,
	"rds:DescribeDBSnapshotAttributes": databaseSnapshots,
	"rds:DescribeDBSnapshots":          databaseSnapshots,
	"rds:ModifyDBInstance":             databases,
	"rds:ModifyDBSnapshotAttribute":    databaseSnapshots,
}

var (
	databases         = []string{"arn:P:rds:*:A:db:*"}
	databaseSnapshots = []string{"arn:P:rds:*:A:snapshot:*"}
)
