export { isOpen, nextOpening, type Opening, openings, openTime } from './open-hours.ts'
export { type CalendarRules, calendarRules, type Shift, WEEKDAYS, type Weekday } from './rules.ts'
