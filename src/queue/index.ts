export { createDueLoop, type DueLoop } from './due-loop.ts'
export { createQueue, type JobCount, type Queue, type SendOptions } from './queue.ts'
export { defineTask, type Handler, type Implementation, implementTask, type JobContext, type Task } from './task.ts'
