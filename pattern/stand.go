package pattern

// stand is where the reader stands in an event: in which containers, whether the innermost has something in it already, and
// what is asked for there. Places that recur are kept, so that one comparison of pointers tells that two of them are the
// same, down to the event itself.
type stand struct {
	up      *stand     // where reading goes on behind the container, nil behind the event
	going   *stand     // in the same container, once there is something in it
	node    *fieldNode // of the container, nil if nothing inside is asked for
	child   *stand     // the container that was met last inside this one, right behind its bracket
	beside  *stand     // the one that was met before it
	entry   *stretch   // what stretches that begin here follow if nothing is known of what comes before them
	number  int32      // of those that are kept
	depth   int32
	kind    standKind
	opened  bool // right behind the bracket
	passing bool // it will be another stand later
	objects bool // all containers are objects of no list
}

type standKind uint8

const (
	inObject  standKind = iota // an object that is no element
	inArray                    // an array in which nothing is asked for
	inElement                  // an object in a list
	inList                     // an array in which something is asked for
)

// Bounds on what a reader remembers of stands.
const (
	maxStands    = 512
	maxKeptDepth = 64
	maxChildren  = 16 // of one stand
)

// stands are the stands that a reader knows.
type stands struct {
	kept    []stand
	passing [][2]stand // by depth
}

func (p *stands) forget() {
	if p.kept == nil {
		p.kept = make([]stand, 0, maxStands)
	}
	clear(p.kept)
	p.kept = p.kept[:0]
}

// inside returns the stand behind a bracket in around, or behind the event's brace.
func (p *stands) inside(around *stand, kind standKind, node *fieldNode) *stand {
	depth := int32(1)
	if around != nil {
		around = around.going
		children := 0
		for inside := around.child; inside != nil; inside = inside.beside {
			if inside.kind == kind && inside.node == node {
				return inside
			}
			children++
		}
		if depth = around.depth + 1; around.passing || depth > maxKeptDepth || children == maxChildren || len(p.kept)+2 > cap(p.kept) {
			return p.pass(around, kind, node)
		}
	}
	at := len(p.kept)
	p.kept = p.kept[:at+2]
	opened, going := &p.kept[at], &p.kept[at+1]
	*going = stand{up: around, going: going, node: node, number: int32(at), depth: depth, kind: kind}
	going.objects = kind == inObject && (around == nil || around.objects)
	*opened = *going
	opened.opened, opened.number = true, int32(at+1)
	if around != nil {
		opened.beside, around.child = around.child, opened
	}
	return opened
}

// pass makes a stand that is not kept.
func (p *stands) pass(around *stand, kind standKind, node *fieldNode) *stand {
	if p.passing == nil {
		p.passing = make([][2]stand, maxDepth+2)
	}
	depth := around.depth + 1
	opened, going := &p.passing[depth][0], &p.passing[depth][1]
	*going = stand{up: around, going: going, node: node, depth: depth, kind: kind, passing: true}
	*opened = *going
	opened.opened = true
	return opened
}

// ends reports whether rest closes the event.
func (s *stand) ends(rest []byte) bool {
	if !s.objects || len(rest) != int(s.depth) {
		return false
	}
	for _, c := range rest {
		if c != '}' {
			return false
		}
	}
	return true
}
