package iam

var ecsFacts = map[string][]string{
	"ecs:DescribeClusters":      ecsClusters,
	"ecs:DescribeServices":      ecsServices,
	"ecs:DescribeTasks":         ecsTasks,
	"ecs:RunTask":               {"arn:P:ecs:*:A:task-definition/*"},
	"ecs:StopTask":              ecsTasks,
	"ecs:UpdateClusterSettings": ecsClusters,
	"ecs:UpdateService":         ecsServices,
}

var (
	ecsClusters = []string{"arn:P:ecs:*:A:cluster/*"}
	ecsServices = []string{"arn:P:ecs:*:A:service/*"}
	ecsTasks    = []string{"arn:P:ecs:*:A:task/*"}
)
