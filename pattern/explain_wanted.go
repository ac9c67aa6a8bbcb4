package pattern

import (
	"fmt"
	"strings"
)

// wanted says what a list of alternatives takes: `one of "StopLogging", "DeleteTrail"`.
func wanted(list *node) string {
	var parts []string
	plain := true
	for _, item := range list.items[:min(len(list.items), maxAlternative)] {
		plain = plain && item.kind != objectKind
		parts = append(parts, takes(item))
	}
	more := len(list.items) - len(parts)
	if more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	switch {
	case len(parts) == 1:
		return parts[0]
	case plain:
		return "one of " + strings.Join(parts, ", ")
	default:
		return strings.Join(parts[:len(parts)-1], ", ") + " or " + parts[len(parts)-1]
	}
}

// takes says what one alternative takes.
func takes(alternative *node) string {
	if alternative.kind != objectKind {
		return clipped(alternative.source())
	}
	name, operand := alternative.members[0].key, alternative.members[0].value
	switch name {
	case existsName:
		if operand.text == "true" {
			return "any value"
		}
		return "no value"
	case prefixName, suffixName:
		return "a string that " + affixVerb(name) + " " + textOperand(operand)
	case foldName:
		return quoted(operand.text) + " in any case"
	case wildcardName:
		return "a string like " + quoted(operand.text)
	case cidrName:
		return "an address in " + clipped(operand.text)
	case numericName:
		return "a number " + comparisons(operand)
	case anythingButKey:
		return "a value other than " + excluded(operand)
	default: // exactly
		return textOperand(operand)
	}
}

func affixVerb(name string) string {
	if name == prefixName {
		return "begins with"
	}
	return "ends with"
}

// textOperand is a string, or one in any case.
func textOperand(operand *node) string {
	if operand.kind == objectKind {
		return quoted(operand.members[0].value.text) + " in any case"
	}
	return quoted(operand.text)
}

// comparisons is "> 0 and <= 5".
func comparisons(operand *node) string {
	var parts []string
	for i := 0; i+1 < len(operand.items); i += 2 {
		parts = append(parts, operand.items[i].text+" "+clipped(operand.items[i+1].text))
	}
	return strings.Join(parts, " and ")
}

// excluded says what an anything-but lets no value be.
func excluded(operand *node) string {
	each := func(n *node) string { return clipped(n.source()) }
	if operand.kind == objectKind {
		name := operand.members[0].key
		operand = operand.members[0].value
		each = func(n *node) string {
			return takes(&node{kind: objectKind, members: []member{{key: name, value: n}}})
		}
	}
	items := []*node{operand}
	if operand.kind == arrayKind {
		items = operand.items
	}
	var parts []string
	for _, n := range items[:min(len(items), maxAlternative)] {
		parts = append(parts, each(n))
	}
	if more := len(items) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, ", ")
}
