package iam

var kinesisFacts = map[string][]string{
	"kinesis:GetRecords":       streams,
	"kinesis:GetShardIterator": streams,
	"kinesis:ListShards":       streams,
	"kinesis:PutRecord":        streams,
	"kinesis:PutRecords":       streams,
}

var streams = []string{"arn:P:kinesis:*:A:stream/*"}
