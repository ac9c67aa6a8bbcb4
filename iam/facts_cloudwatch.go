package iam

var cloudwatchFacts = map[string][]string{
	"cloudwatch:DescribeAlarms":      nil, // composite alarms show only to who may see all
	"cloudwatch:DisableAlarmActions": alarms,
	"cloudwatch:EnableAlarmActions":  alarms,
	"cloudwatch:ListTagsForResource": alarms,
}

var alarms = []string{"arn:P:cloudwatch:*:A:alarm:*"}
