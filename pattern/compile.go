package pattern

import (
	"slices"
	"strconv"
	"strings"
)

// orKey is the key whose array holds alternatives of whole objects.
const orKey = "$or"

// Bounds on one pattern, so that whatever 1 MiB of text says is compiled in bounded time and memory. EventBridge takes no
// more than 1,000 combinations of branches, which is ten $or of two branches; here they are not multiplied out.
const (
	maxOrs       = 1000
	maxOrDepth   = 32
	maxPathBytes = 4 << 20 // of all fields' paths together
	maxMistakes  = 100     // reported; likewise warnings
)

// reservedInOr are names that no field directly or deeper inside a $or may have: they are, or may become, names of match
// expressions (event-ruler's Constants).
var reservedInOr = [...]string{
	"exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr",
	"=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case", "date-after", "date-on-or-after",
	"date-before", "date-on-or-before", "in-date-range", "ip-address-in-range", "ip-address-not-in-range",
}

// compiler turns a pattern's JSON tree into conditions and statements about them, and collects every mistake.
type compiler struct {
	src        []byte
	path       []string // the way to the value at hand, as in SyntaxError
	keys       []string // the field's path: the object keys on that way, without $or
	errs       SyntaxErrors
	warnings   []Warning
	conditions []condition
	tree       *node
	lists      []*node // by condition: its list of alternatives
	fields     []string
	fieldIDs   map[string]int32
	pathBytes  int
	ors        int
	orDepth    int
	plainOr    func() // reports the first $or that is a field's name
}

// statement is a part of a pattern in the order of the text: a condition, or a $or with its branches.
type statement struct {
	condition int32 // -1 for a $or
	branches  [][]statement
}

func (c *compiler) errorAt(pos int, fix, msg string) {
	if len(c.errs) == maxMistakes {
		return
	}
	line, col := position(c.src, pos)
	c.errs = append(c.errs, &SyntaxError{Line: line, Col: col, Path: slices.Clone(c.path), Msg: msg, Fix: fix})
}

func (c *compiler) warnAt(pos int, fix, msg string) {
	if len(c.warnings) == maxMistakes {
		return
	}
	line, col := position(c.src, pos)
	c.warnings = append(c.warnings, Warning{Line: line, Col: col, Path: slices.Clone(c.path), Msg: msg, Fix: fix})
}

// in runs do with step added to the path of the value at hand.
func (c *compiler) in(step string, do func()) {
	c.path = append(c.path, step)
	do()
	c.path = c.path[:len(c.path)-1]
}

func (c *compiler) inItem(i int, do func()) { c.in(strconv.Itoa(i), do) }

// object compiles an object whose keys are fields.
func (c *compiler) object(n *node, insideOr bool) []statement {
	if len(n.members) == 0 {
		c.errorAt(n.pos, `name a field: {"source": ["aws.ec2"]}`, "an empty object says nothing about the event")
	}
	var statements []statement
	for _, m := range n.members {
		c.in(m.key, func() {
			switch {
			case m.key == orKey && isOr(m.value):
				statements = append(statements, c.or(m.value))
			case insideOr && slices.Contains(reservedInOr[:], m.key):
				c.errorAt(m.pos, "use another field, or write the match expression inside a field's list",
					quoted(m.key)+" can't be a field's name inside $or")
			default:
				if m.key == orKey {
					c.notePlainOr(m)
				}
				statements = append(statements, c.field(m, insideOr)...)
			}
		})
	}
	return statements
}

// isOr decides whether the value of a key $or is meant as alternatives. Like event-ruler, a $or that reads as an
// ordinary field is one: an object, or a list of plain values and match expressions.
func isOr(n *node) bool {
	if n.kind != arrayKind {
		return false
	}
	for _, item := range n.items {
		if item.kind == objectKind && (len(item.members) == 0 || !isExpression(item.members[0].key)) {
			return true
		}
	}
	return len(n.items) == 0
}

// notePlainOr keeps where $or is the name of a field: it must not be both in one pattern.
func (c *compiler) notePlainOr(m member) {
	c.warnAt(m.pos, `for alternatives write "$or": [{…}, {…}]`, `"$or" is taken as the name of a field here`)
	if c.plainOr == nil {
		path := slices.Clone(c.path)
		c.plainOr = func() {
			c.path = path
			c.errorAt(m.pos, `write "$or": [{…}, {…}] here too`, `"$or" is the name of a field here and holds alternatives elsewhere`)
		}
	}
}

func (c *compiler) or(n *node) statement {
	c.ors++
	c.orDepth++
	defer func() { c.orDepth-- }()
	if c.ors > maxOrs || c.orDepth > maxOrDepth {
		if c.ors == maxOrs+1 || c.orDepth == maxOrDepth+1 {
			c.errorAt(n.pos, "split the pattern into several rules", "more than "+strconv.Itoa(maxOrs)+
				" $or in one pattern, or "+strconv.Itoa(maxOrDepth)+" inside one another")
		}
		return statement{condition: -1}
	}
	if len(n.items) < 2 {
		c.errorAt(n.pos, `write "$or": [{…}, {…}], or leave $or away`, "$or needs at least two objects")
	}
	or := statement{condition: -1}
	for i, item := range n.items {
		c.inItem(i, func() {
			if item.kind != objectKind {
				c.errorAt(item.pos, `write {"field": [values…]}`, "$or takes objects, found "+item.describe())
				return
			}
			or.branches = append(or.branches, c.object(item, true))
		})
	}
	return or
}

// field compiles one key that is part of a field's path.
func (c *compiler) field(m member, insideOr bool) []statement {
	c.keys = append(c.keys, m.key)
	defer func() { c.keys = c.keys[:len(c.keys)-1] }()
	switch m.value.kind {
	case objectKind:
		return c.object(m.value, insideOr)
	case arrayKind:
		before := c.pathBytes
		for _, key := range c.keys {
			c.pathBytes += len(key) + 1
		}
		if c.pathBytes > maxPathBytes {
			if before <= maxPathBytes {
				c.errorAt(m.pos, "shorten the names or split the pattern", "the paths of all fields come to more than 4 MiB")
			}
			return nil
		}
		c.lintField(m)
		return []statement{{condition: c.condition(m.value)}}
	default:
		c.errorAt(m.value.pos, "write "+quoted(m.key)+": ["+clipped(m.value.source())+"]",
			"a field's values stand in a list, found "+m.value.describe())
		return nil
	}
}

// source returns a scalar the way it is written in JSON.
func (n *node) source() string {
	if n.kind == stringKind {
		return strconv.Quote(n.text)
	}
	return n.text
}

// condition compiles the list of alternatives of the field at hand and returns the condition's index.
func (c *compiler) condition(list *node) int32 {
	if len(list.items) == 0 {
		c.errorAt(list.pos, `write what may stand there, or [{"exists": true}]`, "an empty list matches nothing")
	}
	cond := condition{name: strings.Join(c.keys, ".")}
	var texts []string
	addrs := addresses{}
	for i, item := range list.items {
		c.inItem(i, func() {
			switch item.kind {
			case stringKind:
				c.lintString(item)
				if addr, ok := parseAddress(item.text); ok {
					addrs[addr] = struct{}{}
				} else {
					texts = append(texts, item.text)
				}
			case numberKind:
				cond.tests = append(cond.tests, newNumber(item.text))
			case literalKind:
				cond.tests = append(cond.tests, literal(item.text))
			case objectKind:
				if t, absent := c.expression(item); absent {
					cond.absent = true
				} else if t != nil {
					cond.tests = append(cond.tests, t)
				}
			default:
				c.errorAt(item.pos, "put its values into the field's list itself",
					"a list holds strings, numbers, true, false, null and match expressions, found "+item.describe())
			}
		})
	}
	if len(addrs) > 0 {
		cond.tests = append(cond.tests, addrs)
	}
	if len(texts) > 0 {
		if len(cond.tests) == 0 && !cond.absent {
			cond.keys = texts
		}
		cond.tests = append([]test{newOneOf(texts)}, cond.tests...)
	}
	c.lintList(list)
	cond.field = c.fieldID(cond.name)
	c.conditions = append(c.conditions, cond)
	c.lists = append(c.lists, list)
	return int32(len(c.conditions) - 1)
}

func (c *compiler) fieldID(name string) int32 {
	id, ok := c.fieldIDs[name]
	if !ok {
		id = int32(len(c.fields))
		c.fieldIDs[name] = id
		c.fields = append(c.fields, name)
	}
	return id
}
