import { catchesBreakages } from '../../conformance/breakages.ts';
import { payrollSubject } from './payroll-subject.ts';

catchesBreakages('netvisor payroll', payrollSubject);
