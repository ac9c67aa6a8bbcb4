package iam

var autoscalingFacts = map[string][]string{
	"autoscaling:AttachInstances":              scalingGroups,
	"autoscaling:DescribeAutoScalingGroups":    nil,
	"autoscaling:DescribeAutoScalingInstances": nil,
	"autoscaling:DetachInstances":              scalingGroups,
	"autoscaling:ResumeProcesses":              scalingGroups,
	"autoscaling:SuspendProcesses":             scalingGroups,
	"autoscaling:UpdateAutoScalingGroup":       scalingGroups,
}

var scalingGroups = []string{"arn:P:autoscaling:*:A:autoScalingGroup:*:autoScalingGroupName/*"}
