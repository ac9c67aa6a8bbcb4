package iam

var configFacts = map[string][]string{
	"config:DescribeConfigurationRecorderStatus": recorders,
	"config:DescribeConfigurationRecorders":      recorders,
	"config:DescribeDeliveryChannels":            nil,
	"config:GetResourceConfigHistory":            nil,
	"config:StartConfigurationRecorder":          recorders,
	"config:StopConfigurationRecorder":           recorders,
}

var recorders = []string{"arn:P:config:*:A:configuration-recorder/*/*"}
