package main

import (
	"slices"

	"riposte.dev/sandbox/wire"
)

// complete adds what services have learned since the models that Debian ships.
func complete(m *wire.Model) {
	// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html:
	// rules can ask for the records of calls that only read.
	const reads = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
	if state := m.Shapes["RuleState"]; m.Service == "events" && state != nil && !slices.Contains(state.Enum, reads) {
		state.Enum = append(state.Enum, reads)
	}
	receive := m.Shapes["ReceiveMessageRequest"]
	if m.Service != "sqs" || receive == nil {
		return
	}
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html:
	// system attributes have a member of their own, and its predecessor takes
	// their names too.
	const names = "MessageSystemAttributeNames"
	if _, known := m.Shapes[names]; known {
		return
	}
	list := func(item string) *wire.Shape {
		return &wire.Shape{Type: "list", Flattened: true, Member: &wire.Ref{Shape: "String", LocationName: item}}
	}
	m.Shapes[names], m.Shapes["ReceiveAttributeNames"] = list("MessageSystemAttributeName"), list("AttributeName")
	for _, member := range receive.Members {
		if member.Name == "AttributeNames" {
			member.Shape = "ReceiveAttributeNames"
		}
	}
	receive.Members = append(receive.Members, &wire.Ref{Name: names, Shape: names})
}
