package iam

var firehoseFacts = map[string][]string{
	"firehose:PutRecord":      {"arn:P:firehose:*:A:deliverystream/*"},
	"firehose:PutRecordBatch": {"arn:P:firehose:*:A:deliverystream/*"},
}
