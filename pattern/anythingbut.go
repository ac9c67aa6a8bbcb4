package pattern

// anythingBut compiles {"anything-but": …}: a string or number, a list of one of the two, or an expression about strings
// with one or several operands.
func (c *compiler) anythingBut(m member) test {
	switch m.value.kind {
	case stringKind, numberKind, arrayKind:
		return c.plainNone(m.value)
	case objectKind:
	default:
		c.operand(m, "a string, a number, a list or an object")
		return nil
	}
	inner := m.value.members
	if len(inner) != 1 {
		c.errorAt(m.value.pos, example(anythingButKey), "anything-but takes an object with one key")
		return nil
	}
	switch name := inner[0].key; name {
	case prefixName, suffixName, foldName, wildcardName:
		var t test
		c.in(name, func() { t = c.noText(name, inner[0].value) })
		return t
	default:
		c.errorAt(inner[0].pos, "use prefix, suffix, equals-ignore-case or wildcard",
			"anything-but can't be combined with "+quoted(name))
		return nil
	}
}

// noText compiles the operand of an expression inside anything-but: a string or a list of strings.
func (c *compiler) noText(name string, operand *node) test {
	list, isList := []*node{operand}, operand.kind == arrayKind
	if isList {
		list = operand.items
	}
	none := noneOf{}
	for i, n := range list {
		check := func() {
			switch {
			case n.kind != stringKind:
				c.errorAt(n.pos, `write {"anything-but": {"`+name+`": ["one", "two"]}}`,
					name+" inside anything-but takes strings, found "+n.describe())
			case n.text == "" && (name == prefixName || name == suffixName):
				c.errorAt(n.pos, "leave it away, or write what the text must not have",
					"an empty "+name+" inside anything-but would refuse every string")
			default:
				if t := c.text(name, n); t != nil {
					none = append(none, t)
				}
			}
		}
		if isList {
			c.inItem(i, check)
		} else {
			check()
		}
	}
	if len(list) == 0 {
		c.errorAt(operand.pos, example(anythingButKey), "an empty list excludes nothing")
	}
	return none
}

// plainNone compiles the plain operands of anything-but: strings or numbers, not both.
func (c *compiler) plainNone(operand *node) test {
	list, isList := []*node{operand}, operand.kind == arrayKind
	if isList {
		list = operand.items
	}
	if len(list) == 0 {
		c.errorAt(operand.pos, example(anythingButKey), "an empty list excludes nothing")
		return nil
	}
	var texts []string
	var none noneOf
	for i, n := range list {
		check := func() {
			switch {
			case n.kind != stringKind && n.kind != numberKind:
				c.errorAt(n.pos, example(anythingButKey), "anything-but takes strings or numbers, found "+n.describe())
			case n.kind != list[0].kind:
				c.errorAt(n.pos, "spell all values alike", "one anything-but mixes strings and numbers")
			case n.kind == stringKind:
				c.lintString(n)
				texts = append(texts, n.text)
			case c.comparable(n):
				none = append(none, newNumber(n.text))
			}
		}
		if isList {
			c.inItem(i, check)
		} else {
			check()
		}
	}
	if len(texts) > 0 {
		return noneOf{newOneOf(texts)}
	}
	return none
}
