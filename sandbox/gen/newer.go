package main

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"riposte.dev/sandbox/wire"
)

// newer are operations, and members and values of shapes, that services have
// learned since the models that Debian ships, in the form of botocore's models,
// by AWS's API reference.
//
//go:embed newer
var newer embed.FS

// addNewer adds the operations, shapes, members and values that the model lacks.
func addNewer(service string, m *sourceModel) error {
	raw, err := newer.ReadFile("newer/" + service + ".json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var more sourceModel
	if err == nil {
		err = json.Unmarshal(raw, &more)
	}
	if err != nil {
		return fmt.Errorf("newer operations of %s: %w", service, err)
	}
	addMissing(m.Operations, more.Operations)
	addMissing(m.Shapes, more.Shapes)
	for name, s := range more.Shapes {
		m.Shapes[name].add(s)
	}
	return nil
}

// add adds the members and values that the shape lacks.
func (s *sourceShape) add(more *sourceShape) {
	for _, n := range more.Members {
		if !slices.ContainsFunc(s.Members, func(o member) bool { return o.name == n.name }) {
			s.Members = append(s.Members, n)
		}
	}
	for _, v := range more.Enum {
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
			s.Enum = append(s.Enum, v)
		}
	}
}

func addMissing[V any](to, from map[string]V) {
	for name, v := range from {
		if _, known := to[name]; !known {
			to[name] = v
		}
	}
}

// complete adds what services have learned since the models that Debian ships.
func complete(m *wire.Model) {
	completeData(m)
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

// completeData is complete for stores of data.
func completeData(m *wire.Model) {
	switch m.Service {
	case "dynamodb":
		// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html:
		// tables can be protected from deletion.
		const protected = "DeletionProtectionEnabled"
		m.Shapes[protected] = &wire.Shape{Type: "boolean"}
		for _, name := range []string{"CreateTableInput", "UpdateTableInput", "TableDescription"} {
			if s := m.Shapes[name]; s != nil && !slices.ContainsFunc(s.Members, func(r *wire.Ref) bool { return r.Name == protected }) {
				s.Members = append(s.Members, &wire.Ref{Name: protected, Shape: protected})
			}
		}
	case "opensearch":
		// https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_DomainEndpointOptions.html
		if s := m.Shapes["TLSSecurityPolicy"]; s != nil {
			for _, policy := range []string{"Policy-Min-TLS-1-2-PFS-2023-10", "Policy-Min-TLS-1-2-RFC9151-FIPS-2024-08"} {
				if !slices.Contains(s.Enum, policy) {
					s.Enum = append(s.Enum, policy)
				}
			}
		}
	}
}
