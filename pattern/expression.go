package pattern

import "math"

// The names of match expressions.
const (
	exactlyName    = "exactly"
	prefixName     = "prefix"
	suffixName     = "suffix"
	foldName       = "equals-ignore-case"
	wildcardName   = "wildcard"
	anythingButKey = "anything-but"
	numericName    = "numeric"
	cidrName       = "cidr"
	existsName     = "exists"
)

func isExpression(name string) bool {
	switch name {
	case exactlyName, prefixName, suffixName, foldName, wildcardName, anythingButKey, numericName, cidrName, existsName:
		return true
	}
	return false
}

// example says what a match expression of the name looks like.
func example(name string) string {
	switch name {
	case exactlyName:
		return `write {"exactly": "text"}`
	case prefixName, suffixName:
		return `write {"` + name + `": "text"} or {"` + name + `": {"equals-ignore-case": "text"}}`
	case foldName:
		return `write {"equals-ignore-case": "text"}`
	case wildcardName:
		return `write {"wildcard": "begin*end"}`
	case anythingButKey:
		return `write {"anything-but": "text"}, a number, a list of either, or {"anything-but": {"prefix": "text"}}`
	case numericName:
		return `write {"numeric": ["=", 5]}, {"numeric": ["<", 5]} or {"numeric": [">", 0, "<=", 5]}`
	case cidrName:
		return `write {"cidr": "10.0.0.0/8"}`
	case existsName:
		return `write {"exists": true} or {"exists": false}`
	default:
		return `write one of exactly, prefix, suffix, equals-ignore-case, wildcard, anything-but, numeric, cidr, exists`
	}
}

// expression compiles {"name": operand}. It returns a nil test after a mistake, and absent for {"exists": false}.
func (c *compiler) expression(n *node) (t test, absent bool) {
	if len(n.members) == 0 {
		c.errorAt(n.pos, example(""), "an empty object is no match expression")
		return nil, false
	}
	m := n.members[0]
	if len(n.members) > 1 {
		c.errorAt(n.members[1].pos, "put each match expression into braces of its own", "a match expression has one key")
	}
	c.in(m.key, func() {
		switch m.key {
		case existsName:
			t, absent = c.exists(m.value)
		case exactlyName:
			c.warnAt(m.pos, "write the plain string", `EventBridge does not document "exactly"`)
			if m.value.kind == stringKind {
				t = newOneOf([]string{m.value.text})
			} else {
				c.operand(m, "a string")
			}
		case prefixName, suffixName:
			t = c.affix(m)
		case foldName, wildcardName:
			if m.value.kind == stringKind {
				t = c.text(m.key, m.value)
			} else {
				c.operand(m, "a string")
			}
		case anythingButKey:
			t = c.anythingBut(m)
		case numericName:
			t = c.numeric(m)
		case cidrName:
			t = c.cidr(m)
		default:
			c.errorAt(m.pos, example(""), quoted(m.key)+" is no match expression")
		}
	})
	return t, absent
}

// operand reports that m's value is not what the expression takes.
func (c *compiler) operand(m member, takes string) {
	c.errorAt(m.value.pos, example(m.key), m.key+" takes "+takes+", found "+m.value.describe())
}

func (c *compiler) exists(n *node) (t test, absent bool) {
	switch {
	case n.kind == literalKind && n.text == "true":
		return anyValue{}, false
	case n.kind == literalKind && n.text == "false":
		return nil, true
	default:
		c.errorAt(n.pos, example(existsName), "exists takes true or false, found "+n.describe())
		return nil, false
	}
}

// text compiles an expression about a string, also one that stands inside anything-but.
func (c *compiler) text(name string, n *node) test {
	switch name {
	case prefixName:
		c.lintString(n)
		return prefix(n.text)
	case suffixName:
		c.lintString(n)
		return suffix(n.text)
	case foldName:
		c.lintString(n)
		return equalFold(newFolded(n.text))
	default:
		w, what, fix := parseWildcard(n.text)
		if what != "" {
			c.errorAt(n.pos, fix, what)
			return nil
		}
		return w
	}
}

// affix compiles prefix and suffix, which may hold equals-ignore-case.
func (c *compiler) affix(m member) test {
	switch m.value.kind {
	case stringKind:
		return c.text(m.key, m.value)
	case objectKind:
		inner := m.value.members
		if len(inner) != 1 || inner[0].key != foldName || inner[0].value.kind != stringKind {
			c.errorAt(m.value.pos, example(m.key), m.key+` takes a string or {"equals-ignore-case": "text"}`)
			return nil
		}
		c.in(foldName, func() { c.lintString(inner[0].value) })
		if m.key == prefixName {
			return prefixFold(newFolded(inner[0].value.text))
		}
		return suffixFold(newFolded(inner[0].value.text))
	default:
		c.operand(m, "a string")
		return nil
	}
}

func (c *compiler) cidr(m member) test {
	if m.value.kind != stringKind {
		c.operand(m, "a string")
		return nil
	}
	block, what, fix := parseCIDR(m.value.text)
	if what != "" {
		c.errorAt(m.value.pos, fix, what)
		return nil
	}
	return cidr(block)
}

// comparable refuses numbers that float64 can't hold as written.
func (c *compiler) comparable(n *node) bool {
	if _, ok := comparableNumber([]byte(n.text)); !ok {
		c.errorAt(n.pos, "use up to 15 digits", "the number "+clipped(n.text)+" does not fit a 64-bit float, so it can't be compared")
		return false
	}
	c.lintNumber(n)
	return true
}

// numeric compiles {"numeric": [operator, number]} and {"numeric": [">", low, "<=", high]}.
func (c *compiler) numeric(m member) test {
	items := m.value.items
	if m.value.kind != arrayKind || len(items) != 2 && len(items) != 4 {
		c.operand(m, "a list of one or two operators, each with a number")
		return nil
	}
	r := numericRange{low: math.Inf(-1), high: math.Inf(1)}
	for i := 0; i < len(items); i += 2 {
		operator, f, ok := c.comparison(m, i)
		if !ok {
			return nil
		}
		alone := len(items) == 2
		switch {
		case operator == "=" && alone:
			r.low, r.high = f, f
		case (operator == ">" || operator == ">=") && i == 0:
			r.low, r.lowOpen = f, operator == ">"
		case (operator == "<" || operator == "<=") && (alone || i == 2):
			r.high, r.highOpen = f, operator == "<"
		default:
			c.errorAt(items[i].pos, example(numericName), "the operator "+quoted(operator)+" can't stand here")
			return nil
		}
	}
	if len(items) == 4 && r.low >= r.high {
		c.errorAt(m.value.pos, `write the lower end first; a single number is ["=", number]`,
			"the range from "+clipped(items[1].text)+" to "+clipped(items[3].text)+" is empty")
		return nil
	}
	return r
}

// comparison reads the operator at position i of numeric's list and the number after it.
func (c *compiler) comparison(m member, i int) (operator string, f float64, ok bool) {
	op, num := m.value.items[i], m.value.items[i+1]
	if op.kind != stringKind {
		c.errorAt(op.pos, example(numericName), "numeric wants an operator here, found "+op.describe())
		return "", 0, false
	}
	c.inItem(i+1, func() {
		if num.kind != numberKind {
			c.errorAt(num.pos, example(numericName), "the operator "+quoted(op.text)+" wants a number, found "+num.describe())
			return
		}
		ok = c.comparable(num)
	})
	if ok {
		f, _ = comparableNumber([]byte(num.text))
	}
	return op.text, f, ok
}
