package demo

import (
	"fmt"
	"strings"
	"time"
)

// screen shows where each story stands: on a terminal as one table that is redrawn, else as lines.
type screen struct {
	o       Options
	stories []*story
	start   time.Time
	drawn   int
	changed bool
}

func newScreen(o Options, s *script) *screen {
	return &screen{o: o, stories: s.Stories, start: time.Now()}
}

// show notes a story's state.
func (s *screen) show(st *story, state string) {
	if st.state == state {
		return
	}
	st.state, s.changed = state, true
	if !s.o.Live {
		fmt.Fprintf(s.o.Out, "%5.1f s  %s  %-46s %s\n", time.Since(s.start).Seconds(), st.ID, clip(st.Title, 46), state)
	}
}

// draw redraws the table on a terminal.
func (s *screen) draw() {
	if !s.o.Live || !s.changed {
		return
	}
	var b strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", s.drawn)
	}
	for _, st := range s.stories {
		fmt.Fprintf(&b, "\x1b[2K%s  %-46s %s\n", st.ID, clip(st.Title, 46), clip(st.state, 70))
	}
	s.drawn, s.changed = len(s.stories), false
	fmt.Fprint(s.o.Out, b.String())
}

func (s *screen) end() {
	s.changed = true
	s.draw()
}

func clip(text string, width int) string {
	r := []rune(text)
	if len(r) <= width {
		return text
	}
	return string(r[:width-1]) + "…"
}
